/**
 * A row image where it arrived: which bytes of the message are which column. Most columns are only copied into the row's bytes, and a
 * view of each would cost more than that copy.
 */
import type { Bytes } from "@anamnesis/core";
import type { RowImage } from "../source.ts";

/** In place of a length. */
const NULL = -1;
const ABSENT = -2;

export class Tuple implements RowImage {
  readonly length: number;
  /** What the places count in. */
  readonly bytes: Uint8Array;
  /** Where each column begins, and how long it is. */
  readonly #places: Int32Array;

  /** No column is there yet. */
  constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes;
    this.length = length;
    this.#places = new Int32Array(2 * length).fill(ABSENT);
  }

  at(index: number): Bytes | null | undefined {
    const length = this.lengthAt(index);
    if (length < 0) return length === NULL ? null : undefined;
    // Not `subarray`: a Buffer's costs twice as much.
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.startAt(index), length);
  }

  startAt(index: number): number {
    return this.#places[2 * index] as number;
  }

  /** Below zero: NULL, or not there. */
  lengthAt(index: number): number {
    return this.#places[2 * index + 1] ?? ABSENT;
  }

  has(index: number): boolean {
    return this.lengthAt(index) !== ABSENT;
  }

  set(index: number, start: number, length: number): void {
    this.#places[2 * index] = start;
    this.#places[2 * index + 1] = length;
  }

  setNull(index: number): void {
    this.#places[2 * index + 1] = NULL;
  }

  /** Takes what is not there from an image of the same message. */
  complete(other: Tuple, index: number): void {
    if (!this.has(index)) this.set(index, other.startAt(index), other.lengthAt(index));
  }

  /** These columns, in this order. */
  select(indices: readonly number[]): Tuple {
    const part = new Tuple(this.bytes, indices.length);
    for (const [to, from] of indices.entries()) part.set(to, this.startAt(from), this.lengthAt(from));
    return part;
  }

  /** Of these columns what is there, of the others nothing. */
  only(indices: readonly number[]): Tuple {
    const part = new Tuple(this.bytes, this.length);
    for (const i of indices) part.set(i, this.startAt(i), this.lengthAt(i));
    return part;
  }
}
