/** Small helpers over `Uint8Array`. Pure and without dependency, so that they also run in a browser. */

export type Bytes = Uint8Array;

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
const UTF8 = new TextEncoder();
const UTF8_STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function toHex(bytes: Bytes): string {
  let out = "";
  for (const b of bytes) out += HEX[b];
  return out;
}

/** @throws RangeError when the text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new RangeError("not hexadecimal");
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export const utf8 = (text: string): Uint8Array => UTF8.encode(text);

/** @throws TypeError on bytes that are not well-formed UTF-8. */
export const fromUtf8 = (bytes: Bytes): string => UTF8_STRICT.decode(bytes);

export function toBase64(bytes: Bytes): string {
  let binary = "";
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary);
}

/** Strict: standard alphabet with padding, no white space, canonical (no stray bits). @throws RangeError otherwise. */
export function fromBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw new RangeError("not base64");
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  if (toBase64(out) !== text) throw new RangeError("base64 with stray bits");
  return out;
}

export function concat(...parts: readonly Bytes[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Byte order (`memcmp`, shorter first): negative, zero or positive. */
export function compare(a: Bytes, b: Bytes): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

export const equal = (a: Bytes, b: Bytes): boolean => a.length === b.length && compare(a, b) === 0;
