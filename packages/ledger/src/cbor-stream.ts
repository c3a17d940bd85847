/** A canonical CBOR writer and reader for flat tuples of integers, byte strings, text and null. */
import { type Bytes, fromUtf8, invariant, utf8 } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const NULL = 0xf6;

export class CborWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #at = 0;
  readonly #texts = new Map<string, Uint8Array>();

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  reset(): void {
    this.#at = 0;
  }

  /** A copy of what was written since `reset`. */
  take(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }

  /** What was written since `reset`, good until the next `reset`. */
  view(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, 0, this.#at);
  }

  array(length: number): void {
    this.#head(ARRAY, length);
  }

  uint(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, "an unsigned integer");
    this.#head(UINT, value);
  }

  uint64(value: bigint): void {
    invariant(value >= 0n && value < 1n << 64n, "an unsigned 64-bit integer");
    if (value <= 0xffffffffn) return this.#head(UINT, Number(value));
    this.#reserve(9);
    this.#buffer[this.#at] = (UINT << 5) | 27;
    this.#view.setBigUint64(this.#at + 1, value);
    this.#at += 9;
  }

  bytes(value: Bytes): void {
    this.#raw(BYTES, value);
  }

  bytesOrNull(value: Bytes | null): void {
    if (value === null) this.null();
    else this.#raw(BYTES, value);
  }

  /** Short texts repeat endlessly (kinds, sources, purposes): their UTF-8 is kept, up to a limit. */
  text(value: string): void {
    let encoded = this.#texts.get(value);
    if (encoded === undefined) {
      encoded = utf8(value);
      if (this.#texts.size >= 1024) this.#texts.clear();
      this.#texts.set(value, encoded);
    }
    this.#raw(TEXT, encoded);
  }

  null(): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = NULL;
  }

  #raw(major: number, value: Bytes): void {
    this.#head(major, value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  #head(major: number, n: number): void {
    this.#reserve(9);
    const b = this.#buffer;
    if (n < 24) {
      b[this.#at++] = (major << 5) | n;
    } else if (n < 0x100) {
      b[this.#at] = (major << 5) | 24;
      b[this.#at + 1] = n;
      this.#at += 2;
    } else if (n < 0x10000) {
      b[this.#at] = (major << 5) | 25;
      this.#view.setUint16(this.#at + 1, n);
      this.#at += 3;
    } else if (n < 0x100000000) {
      b[this.#at] = (major << 5) | 26;
      this.#view.setUint32(this.#at + 1, n);
      this.#at += 5;
    } else {
      b[this.#at] = (major << 5) | 27;
      this.#view.setBigUint64(this.#at + 1, BigInt(n));
      this.#at += 9;
    }
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * (this.#at + more));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what `CborWriter` writes and nothing else. Byte strings are views into the input, not copies. */
export class CborReader {
  readonly #b: Bytes;
  #at: number;

  /** @param from where to begin, when the caller has read the start itself. */
  constructor(bytes: Bytes, from = 0) {
    this.#b = bytes;
    this.#at = from;
  }

  /** How many bytes have been read. */
  get at(): number {
    return this.#at;
  }

  array(): number {
    return this.#head(ARRAY);
  }

  uint(): number {
    const n = this.#head(UINT);
    if (n > Number.MAX_SAFE_INTEGER) throw malformed("integer too large");
    return n;
  }

  uint64(): bigint {
    if (this.#b[this.#at] !== ((UINT << 5) | 27)) return BigInt(this.#head(UINT));
    const high = this.#be(this.#at + 1, 4);
    const low = this.#be(this.#at + 5, 4);
    if (high === 0) throw malformed("integer not in its shortest form");
    this.#at += 9;
    wide.setUint32(0, high);
    wide.setUint32(4, low);
    return wide.getBigUint64(0);
  }

  bytes(length: number): Uint8Array {
    const n = this.#head(BYTES);
    if (n !== length) throw malformed(`expected ${length} bytes`);
    return this.#take(n);
  }

  bytesOrNull(length: number): Uint8Array | null {
    return this.#isNull() ? null : this.bytes(length);
  }

  text(max: number): string {
    const n = this.#head(TEXT);
    if (n > 4 * max) throw malformed("text too long");
    const end = this.#at + n;
    if (end > this.#b.length) throw malformed("cut off");
    const text = recentTexts.read(this.#b, this.#at, end);
    this.#at = end;
    if (text.length > max) throw malformed("text too long");
    return text;
  }

  /** A byte string of exactly this length (below 256) that nobody needs: checked, without making a view of it. */
  skipBytes(length: number): void {
    const at = this.#at;
    const short = length < 24;
    const fits = short
      ? this.#b[at] === ((BYTES << 5) | length)
      : this.#b[at] === ((BYTES << 5) | 24) && this.#b[at + 1] === length;
    if (!fits) throw malformed(`expected ${length} bytes`);
    this.#at = at + (short ? 1 : 2) + length;
    if (this.#at > this.#b.length) throw malformed("cut off");
  }

  skipBytesOrNull(length: number): void {
    if (!this.#isNull()) this.skipBytes(length);
  }

  /** As `uint64`, without making the number. */
  skipUint64(): void {
    if (this.#b[this.#at] !== ((UINT << 5) | 27)) this.#head(UINT);
    else {
      if (this.#be(this.#at + 1, 4) === 0) throw malformed("integer not in its shortest form");
      if (this.#at + 9 > this.#b.length) throw malformed("cut off");
      this.#at += 9;
    }
  }

  textOrNull(max: number): string | null {
    return this.#isNull() ? null : this.text(max);
  }

  end(): void {
    if (this.#at !== this.#b.length) throw malformed("bytes after the end");
  }

  #isNull(): boolean {
    if (this.#b[this.#at] !== NULL) return false;
    this.#at++;
    return true;
  }

  #take(n: number): Uint8Array {
    const end = this.#at + n;
    if (end > this.#b.length) throw malformed("cut off");
    // Not `subarray`, which costs more: it asks what kind of array to make.
    const out = new Uint8Array(this.#b.buffer, this.#b.byteOffset + this.#at, n);
    this.#at = end;
    return out;
  }

  #head(major: number): number {
    const first = this.#b[this.#at];
    if (first === undefined) throw malformed("cut off");
    if (first >> 5 !== major) throw malformed("unexpected type");
    const info = first & 31;
    if (info < 24) {
      this.#at += 1;
      return info;
    }
    if (info > 27) throw malformed("indefinite or reserved length");
    const width = 1 << (info - 24);
    const n = this.#be(this.#at + 1, width);
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (n < least) throw malformed("integer not in its shortest form");
    this.#at += 1 + width;
    return n;
  }

  /** Big-endian unsigned integer of 1, 2, 4 or 8 bytes; may lose precision above 2^53 (callers refuse those). */
  #be(at: number, width: number): number {
    const b = this.#b;
    if (at + width > b.length) throw malformed("cut off");
    let n = 0;
    for (let i = at; i < at + Math.min(width, 4); i++) n = (n << 8) | (b[i] as number);
    n >>>= 0;
    return width === 8 ? n * 2 ** 32 + this.#be(at + 4, 4) : n;
  }
}

/** Scratch for putting 64-bit integers together. */
const wide = new DataView(new ArrayBuffer(8));

/** Short texts repeat endlessly (kinds, sources, purposes): the newest are found by their bytes instead of decoded. */
class RecentTexts {
  readonly #slots = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();

  read(b: Bytes, start: number, end: number): string {
    let slot = end - start;
    for (let i = start; i < end; i++) slot = (slot * 31 + (b[i] as number)) & 0xff;
    const known = this.#slots.get(slot);
    if (known !== undefined && sameBytes(known.bytes, b, start, end)) return known.text;
    const bytes = new Uint8Array(b.subarray(start, end));
    const text = decodeText(bytes);
    if (bytes.length <= 64) this.#slots.set(slot, { bytes, text });
    return text;
  }
}

const recentTexts = new RecentTexts();

function sameBytes(bytes: Bytes, b: Bytes, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== b[start + i]) return false;
  return true;
}

function decodeText(bytes: Bytes): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw malformed("text is not UTF-8");
  }
}

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad tuple: ${why}`);
}
