/*
 * One heap page in memory (PostgreSQL manual, "Database Page Layout"): a header of 24 bytes, line pointers growing upward from it,
 * tuples growing downward from the end. Little-endian machines, 8 kB pages.
 */
import { pageChecksum } from "./checksum.ts";

export const PAGE_BYTES = 8_192;
const HEADER_BYTES = 24;
const POINTER_BYTES = 4;
const CHECKSUM_AT = 8;
const FLAGS_AT = 10;
const LOWER_AT = 12;
const UPPER_AT = 14;
const ALL_VISIBLE = 0x0004;
const NORMAL = 1;
const DEAD = 3;
const ALIGN = 8;

export class Page {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether the page has the checksum that belongs to its place. */
  isSound(block: number): boolean {
    return this.#view.getUint16(CHECKSUM_AT, true) === pageChecksum(this.#bytes, block);
  }

  /** Gives the page a right checksum again, after a change. */
  seal(block: number): void {
    this.#view.setUint16(CHECKSUM_AT, pageChecksum(this.#bytes, block), true);
  }

  /** The bytes of tuple `item` (from 1), in place; `undefined` when that pointer leads to none. */
  tuple(item: number): Uint8Array | undefined {
    if (item < 1 || item > this.#items) return undefined;
    const pointer = this.#view.getUint32(HEADER_BYTES + (item - 1) * POINTER_BYTES, true);
    if (((pointer >>> 15) & 3) !== NORMAL) return undefined;
    const offset = pointer & 0x7fff;
    return this.#bytes.subarray(offset, offset + (pointer >>> 17));
  }

  /** The tuple is gone for every reader; entries in indices that lead here stay harmless, and VACUUM removes them. */
  kill(item: number): void {
    this.#view.setUint32(HEADER_BYTES + (item - 1) * POINTER_BYTES, DEAD << 15, true);
  }

  /** Readers look at each tuple's own visibility again, not at the page's word that all are visible. */
  forgetAllVisible(): void {
    this.#view.setUint16(FLAGS_AT, this.#view.getUint16(FLAGS_AT, true) & ~ALL_VISIBLE, true);
  }

  /** Adds a tuple; returns its item number, or `undefined` when the page is full. */
  add(tuple: Uint8Array): number | undefined {
    const lower = this.#view.getUint16(LOWER_AT, true);
    const upper = this.#view.getUint16(UPPER_AT, true) - Math.ceil(tuple.length / ALIGN) * ALIGN;
    if (lower + POINTER_BYTES > upper) return undefined;
    this.#bytes.set(tuple, upper);
    this.#view.setUint32(lower, (upper | (NORMAL << 15) | (tuple.length << 17)) >>> 0, true);
    this.#view.setUint16(LOWER_AT, lower + POINTER_BYTES, true);
    this.#view.setUint16(UPPER_AT, upper, true);
    return this.#items;
  }

  get #items(): number {
    return (this.#view.getUint16(LOWER_AT, true) - HEADER_BYTES) / POINTER_BYTES;
  }
}
