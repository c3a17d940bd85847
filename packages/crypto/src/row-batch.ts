/**
 * Many row commitments at once, for whoever compares a whole table: the same tags as `RowSealer.commitment`, four at a time
 * and without an object per row. Keys are numbered, and only what an HMAC starts from is kept of them: 64 bytes each, so that
 * the patients of a large table fit into little memory.
 */
import { type Bytes, invariant } from "@anamnesis/core";
import {
  HEADER_BYTES,
  LABEL,
  LSN_AT,
  ORDINAL_AT,
  ROW_AT,
  type RowSealer,
  SCHEMA_AT,
  STATES,
  TABLE_AT,
} from "./commitment.ts";
import { ROW_BYTES } from "./handles.ts";
import { type Lanes, openLanes } from "./lanes/lanes.ts";

const KEY_WORDS = 16;
const KEYS_PER_PIECE = 4096;
/** 16 MiB. */
const KEYS_MAX = 262_144;
const LSN_BYTES = 8;
const ORDINAL_BYTES = 4;
const TAG_BYTES = 32;
/** Rows of one run: their messages and tags stay in the processor's nearest cache. */
const TOGETHER = 64;

/** Where the parts of a commitment that differ from row to row lie: the row's handle, LSN and ordinal (big-endian). */
export interface RowPlace {
  readonly bytes: Bytes;
  readonly handleAt: number;
  readonly lsnAt: number;
  readonly ordinalAt: number;
}

export class RowBatch {
  readonly #lanes: Lanes;
  readonly #head = new Uint8Array(HEADER_BYTES);
  readonly #rowAt: number[] = [];
  readonly #rowBytes: number[] = [];
  #keys: Uint32Array[] = [];
  #known = 0;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
    this.#head.set(LABEL);
  }

  /** Undefined where the platform has no lanes. */
  static open(): RowBatch | undefined {
    const lanes = openLanes();
    return lanes && new RowBatch(lanes);
  }

  /** Rows added since `clear`. */
  get count(): number {
    return this.#lanes.count;
  }

  /** From here on rows of this table (handle of 8 bytes) under this schema (8 bytes). Forgets all keys and rows. */
  begin(table: Bytes, schema: Bytes): void {
    invariant(table.length === 8 && schema.length === 8, "handle and fingerprint of 8 bytes");
    this.#head.set(table, TABLE_AT);
    this.#head.set(schema, SCHEMA_AT);
    this.#keys = [];
    this.#known = 0;
    this.clear();
  }

  /** No further key can be learned: `begin` again. */
  get full(): boolean {
    return this.#known === KEYS_MAX;
  }

  /** Numbers a key, from 0 on. */
  learn(sealer: RowSealer): number {
    invariant(!this.full, "a number for the key");
    const number = this.#known++;
    const piece = Math.floor(number / KEYS_PER_PIECE);
    const keys = (this.#keys[piece] ??= new Uint32Array(KEYS_PER_PIECE * KEY_WORDS));
    keys.set(sealer[STATES](this.#lanes), (number % KEYS_PER_PIECE) * KEY_WORDS);
    return number;
  }

  /** Takes a row with the number of its key; false when there is no room: run first, or take it alone if there was nothing. */
  add(key: number, place: RowPlace, row: Bytes): boolean {
    const lanes = this.#lanes;
    const at = lanes.count < TOGETHER ? lanes.place(HEADER_BYTES + row.length) : -1;
    if (at < 0) return false;
    const { bytes } = lanes;
    bytes.set(this.#head, at);
    copy(place.bytes, place.handleAt, bytes, at + ROW_AT, ROW_BYTES);
    copy(place.bytes, place.lsnAt, bytes, at + LSN_AT, LSN_BYTES);
    copy(place.bytes, place.ordinalAt, bytes, at + ORDINAL_AT, ORDINAL_BYTES);
    bytes.set(row, at + HEADER_BYTES);
    this.#rowAt[lanes.count] = at + HEADER_BYTES;
    this.#rowBytes[lanes.count] = row.length;
    const keys = this.#keys[Math.floor(key / KEYS_PER_PIECE)];
    invariant(key < this.#known && keys !== undefined, "a key that was learned");
    lanes.addKeyed(HEADER_BYTES + row.length, keys, (key % KEYS_PER_PIECE) * KEY_WORDS);
    return true;
  }

  run(): void {
    this.#lanes.run();
  }

  /** After `run`: whether the tag of row number `i` stands at `bytes[at …]`. */
  fits(i: number, bytes: Bytes, at: number): boolean {
    const tag = this.#lanes.digestAt(i);
    const { bytes: computed } = this.#lanes;
    for (let b = 0; b < TAG_BYTES; b++) if (computed[tag + b] !== bytes[at + b]) return false;
    return true;
  }

  /** Row number `i`, a view until `clear`. */
  row(i: number): Uint8Array {
    const at = this.#rowAt[i] ?? 0;
    return this.#lanes.bytes.subarray(at, at + (this.#rowBytes[i] ?? 0));
  }

  clear(): void {
    this.#lanes.clear();
  }
}

/** For a few bytes: making a view costs more than the copy. */
function copy(from: Bytes, at: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number;
}
