/** Dates and times of the binary log as the texts that SELECT gives ("Date and Time Data Type Representation"). */
import type { Cursor } from "./cursor.ts";

const pad = (n: number, width = 2): string => String(n).padStart(width, "0");

/** Fractions are stored in whole bytes, two digits each; cut to the column's digits. */
function fraction(stored: number, bytes: number, digits: number): string {
  return digits === 0 ? "" : `.${pad(stored, 2 * bytes).slice(0, digits)}`;
}

const fractionBytes = (digits: number): number => (digits + 1) >> 1;

const bigEndian = (c: Cursor, bytes: number): number => (bytes === 0 ? 0 : c.buffer.readUIntBE(c.skip(bytes), bytes));

export function readDate(c: Cursor): string {
  const packed = c.uint(3);
  return `${pad(packed >> 9, 4)}-${pad((packed >> 5) & 15)}-${pad(packed & 31)}`;
}

export function readYear(c: Cursor): string {
  const year = c.u8();
  return year === 0 ? "0000" : String(1900 + year);
}

/** The session's zone is UTC, so is this. Zero is the zero date. */
export function readTimestamp(c: Cursor, digits: number): string {
  const seconds = bigEndian(c, 4);
  const bytes = fractionBytes(digits);
  return timestampText(seconds, fraction(bigEndian(c, bytes), bytes, digits));
}

export const readOldTimestamp = (c: Cursor): string => timestampText(c.uint(4), "");

function timestampText(seconds: number, rest: string): string {
  if (seconds === 0) return `0000-00-00 00:00:00${rest}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")}${rest}`;
}

export function readDatetime(c: Cursor, digits: number): string {
  const whole = bigEndian(c, 5) - 0x80_0000_0000;
  const bytes = fractionBytes(digits);
  const rest = fraction(bigEndian(c, bytes), bytes, digits);
  const days = Math.floor(whole / 2 ** 17);
  const time = whole - days * 2 ** 17;
  const months = days >> 5;
  const date = `${pad(Math.floor(months / 13), 4)}-${pad(months % 13)}-${pad(days & 31)}`;
  return `${date} ${pad(time >> 12)}:${pad((time >> 6) & 63)}:${pad(time & 63)}${rest}`;
}

export function readOldDatetime(c: Cursor): string {
  const digits = String(c.u64()).padStart(14, "0");
  const part = (from: number, to: number): string => digits.slice(from, to);
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)} ${part(8, 10)}:${part(10, 12)}:${part(12, 14)}`;
}

/** One signed number with its point shifted: hours, minutes, seconds, fraction. */
export function readTime(c: Cursor, digits: number): string {
  const bytes = fractionBytes(digits);
  const stored = bigEndian(c, 3 + bytes) - 0x80_0000 * 256 ** bytes;
  const size = Math.abs(stored);
  const whole = Math.floor(size / 256 ** bytes);
  const rest = fraction(size % 256 ** bytes, bytes, digits);
  const sign = stored < 0 ? "-" : "";
  return `${sign}${pad((whole >> 12) & 1023)}:${pad((whole >> 6) & 63)}:${pad(whole & 63)}${rest}`;
}

export function readOldTime(c: Cursor): string {
  const stored = c.buffer.readIntLE(c.skip(3), 3);
  const size = Math.abs(stored);
  const text = `${pad(Math.floor(size / 10_000))}:${pad(Math.floor(size / 100) % 100)}:${pad(size % 100)}`;
  return stored < 0 ? `-${text}` : text;
}
