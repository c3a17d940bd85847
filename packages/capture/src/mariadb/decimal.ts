/** DECIMAL of the binary log: nine digits in four bytes, the sign in the first bit, negative numbers with all bits turned. */
import type { Cursor } from "./cursor.ts";

const DIGITS = 9;
const BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;

const bytesFor = (digits: number): number => 4 * Math.floor(digits / DIGITS) + (BYTES[digits % DIGITS] ?? 0);

export function readDecimal(c: Cursor, precision: number, scale: number): string {
  const intDigits = precision - scale;
  const data = Buffer.from(c.take(bytesFor(intDigits) + bytesFor(scale)));
  const negative = ((data[0] ?? 0) & 0x80) === 0;
  data[0] = (data[0] ?? 0) ^ 0x80;
  if (negative) for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ 0xff;
  const first = intDigits % DIGITS;
  const parts: string[] = [];
  let at = 0;
  const group = (digits: number): void => {
    const bytes = BYTES[digits] ?? 0;
    if (bytes > 0) parts.push(String(data.readUIntBE(at, bytes)).padStart(digits, "0"));
    at += bytes;
  };
  group(first);
  for (let i = first; i < intDigits; i += DIGITS) group(DIGITS);
  const whole = parts.join("").replace(/^0+(?=\d)/, "") || "0";
  parts.length = 0;
  for (let i = DIGITS; i <= scale; i += DIGITS) group(DIGITS);
  group(scale % DIGITS);
  const text = scale === 0 ? whole : `${whole}.${parts.join("")}`;
  return negative ? `-${text}` : text;
}
