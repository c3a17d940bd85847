/**
 * Many row commitments at once, for whoever compares a whole table: the same tags as `RowSealer.commitment`, four at a time
 * and without an object per row. Keys are numbered, and only what an HMAC starts from is kept of them: 64 bytes each, so that
 * the patients of a large table fit into little memory.
 */
import { type Bytes, invariant } from "@anamnesis/core";
import { HEADER_BYTES, LABEL, LSN_AT, ORDINAL_AT, ROW_AT, type RowSealer, SCHEMA_AT, TABLE_AT } from "./commitment.ts";
import { KEPT_MAX, type Lanes, openLanes, STAGE_AT, STAGE_BYTES } from "./lanes/lanes.ts";
import { STATES } from "./states.ts";

const TAG_BYTES = 32;
/** Rows of one run: their messages and tags stay in the processor's nearest cache. */
const TOGETHER = 64;

/**
 * Where the parts of a commitment that differ from row to row lie: the row's handle (16 bytes), LSN (8) and ordinal (4,
 * both big-endian); and the commitment (32) that the row should have.
 */
export interface RowPlace {
  readonly view: DataView;
  readonly handleAt: number;
  readonly lsnAt: number;
  readonly ordinalAt: number;
  readonly commitmentAt: number;
}

export class RowBatch {
  readonly #lanes: Lanes;
  readonly #head = new Uint8Array(HEADER_BYTES);
  readonly #rowAt: number[] = [];
  readonly #rowBytes: number[] = [];
  /** Commitments of the rows that are waiting. */
  readonly #wanted = new DataView(new ArrayBuffer(TOGETHER * TAG_BYTES));
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
    this.forget();
    this.clear();
  }

  /** Overwrites all keys. */
  forget(): void {
    this.#lanes.forgetKept();
    this.#known = 0;
  }

  /** No further key can be learned: `begin` again. */
  get full(): boolean {
    return this.#known === KEPT_MAX;
  }

  /** Numbers a key, from 0 on. */
  learn(sealer: RowSealer): number {
    invariant(!this.full, "a number for the key");
    this.#known++;
    return this.#lanes.keep(sealer[STATES](this.#lanes));
  }

  /** Has a piece of bytes at hand from which rows are added next: one copy for many. False when it is too long for that. */
  stage(piece: Bytes): boolean {
    if (piece.length > STAGE_BYTES) return false;
    this.#lanes.bytes.set(piece, STAGE_AT);
    return true;
  }

  /** `add` for a row at these places of the piece that was staged last. */
  addStaged(key: number, place: RowPlace, from: number, to: number): boolean {
    return this.add(key, place, this.#lanes.bytes, STAGE_AT + from, STAGE_AT + to);
  }

  /**
   * Takes the row `bytes[from, to)` with the number of its key; false when there is no room: run first, or take it alone if
   * there was nothing.
   */
  add(key: number, place: RowPlace, bytes: Bytes, from: number, to: number): boolean {
    const lanes = this.#lanes;
    const length = to - from;
    const n = lanes.count;
    const at = n < TOGETHER ? lanes.place(HEADER_BYTES + length) : -1;
    if (at < 0) return false;
    invariant(key < this.#known, "a key that was learned");
    const { view } = lanes;
    lanes.bytes.set(this.#head, at);
    copy(place.view, place.handleAt, view, at + ROW_AT, 16);
    copy(place.view, place.lsnAt, view, at + LSN_AT, 8);
    copy(place.view, place.ordinalAt, view, at + ORDINAL_AT, 4);
    copy(place.view, place.commitmentAt, this.#wanted, n * TAG_BYTES, TAG_BYTES);
    if (bytes === lanes.bytes) lanes.bytes.copyWithin(at + HEADER_BYTES, from, to);
    else lanes.bytes.set(bytes.subarray(from, to), at + HEADER_BYTES);
    this.#rowAt[n] = at + HEADER_BYTES;
    this.#rowBytes[n] = length;
    lanes.addKept(HEADER_BYTES + length, key);
    return true;
  }

  run(): void {
    this.#lanes.run();
  }

  /** After `run`: whether row number `i` has the commitment that it should have. */
  fits(i: number): boolean {
    const at = this.#lanes.digestAt(i);
    const { view } = this.#lanes;
    for (let b = 0; b < TAG_BYTES; b += 4) {
      if (view.getInt32(at + b) !== this.#wanted.getInt32(i * TAG_BYTES + b)) return false;
    }
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

/** Whole words, for a few of them: making a view costs more than the copy. */
function copy(from: DataView, at: number, to: DataView, toAt: number, length: number): void {
  for (let i = 0; i < length; i += 4) to.setInt32(toAt + i, from.getInt32(at + i));
}
