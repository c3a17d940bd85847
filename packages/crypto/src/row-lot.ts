/**
 * Handles and commitments of a few changes at once, for whoever seals them one after the other: the same bytes as `Handles.row`
 * and `RowSealer.commitment`, four at a time. A commitment covers its row's handle, so all handles are computed first and
 * written into the messages that wait for them.
 */
import type { Bytes } from "@anamnesis/core";
import {
  HEADER_BYTES,
  LABEL,
  LSN_AT,
  ORDINAL_AT,
  ROW_AT,
  type RowSealer,
  requireFields,
  SCHEMA_AT,
  TABLE_AT,
} from "./commitment.ts";
import { type Handles, ROW, ROW_BYTES, requireField, TABLE_BYTES } from "./handles.ts";
import { type Lanes, openLanes } from "./lanes/lanes.ts";
import { STATES } from "./states.ts";

const TAG_BYTES = 32;
/** The handle is computed in the same lot. */
const UNKNOWN = new Uint8Array(ROW_BYTES);

/** What a commitment covers besides the row's bytes: 8 bytes each of `table` and `schema`, `lsn` below 2^64. */
export interface LotPlace {
  readonly table: Bytes;
  readonly schema: Bytes;
  /** 16 bytes, or the number that `handle` gave. */
  readonly row: Bytes | number;
  readonly lsn: bigint;
  readonly ordinal: number;
}

export class RowLot {
  readonly #handles: Lanes;
  readonly #tags: Lanes;
  readonly #view: DataView;
  /** Messages that wait for handles: where they begin, and for which. */
  #at: number[] = [];
  #of: number[] = [];

  constructor(handles: Lanes, tags: Lanes) {
    this.#handles = handles;
    this.#tags = tags;
    this.#view = new DataView(tags.bytes.buffer);
  }

  /** Undefined where the platform has no lanes. */
  static open(): RowLot | undefined {
    const [handles, tags] = [openLanes(), openLanes()];
    return handles && tags && new RowLot(handles, tags);
  }

  /** Takes a row's key bytes. Gives the number of the handle, or -1 when there is no room. */
  handle(handles: Handles, table: Bytes, key: Bytes): number {
    requireField(table, TABLE_BYTES, "table handle");
    const length = ROW.length + TABLE_BYTES + key.length;
    const at = this.#handles.place(length);
    if (at < 0) return -1;
    const { bytes } = this.#handles;
    bytes.set(ROW, at);
    bytes.set(table, at + ROW.length);
    bytes.set(key, at + ROW.length + TABLE_BYTES);
    return this.#handles.addKeyed(length, handles[STATES](this.#handles));
  }

  /** Takes a version of a row. Gives the number of its commitment, or -1 when there is no room. */
  commitment(sealer: RowSealer, { table, schema, row, lsn, ordinal }: LotPlace, rowBytes: Bytes): number {
    const handle = typeof row === "number" ? UNKNOWN : row;
    requireFields(table, handle, schema, lsn, ordinal);
    const length = HEADER_BYTES + rowBytes.length;
    const at = this.#tags.place(length);
    if (at < 0) return -1;
    const { bytes } = this.#tags;
    bytes.set(LABEL, at);
    bytes.set(table, at + TABLE_AT);
    bytes.set(handle, at + ROW_AT);
    bytes.set(schema, at + SCHEMA_AT);
    this.#view.setBigUint64(at + LSN_AT, lsn);
    this.#view.setUint32(at + ORDINAL_AT, ordinal);
    bytes.set(rowBytes, at + HEADER_BYTES);
    if (typeof row === "number") {
      this.#at.push(at);
      this.#of.push(row);
    }
    return this.#tags.addKeyed(length, sealer[STATES](this.#tags));
  }

  run(): void {
    this.#handles.run();
    for (const [i, at] of this.#at.entries()) {
      const from = this.#handles.digestAt(this.#of[i] ?? 0);
      for (let b = 0; b < ROW_BYTES; b++) {
        this.#tags.bytes[at + ROW_AT + b] = this.#handles.bytes[from + b] as number;
      }
    }
    this.#tags.run();
  }

  /** After `run`: handle number `i`, 16 fresh bytes. */
  handleOf(i: number): Uint8Array {
    const at = this.#handles.digestAt(i);
    return this.#handles.bytes.slice(at, at + ROW_BYTES);
  }

  /** After `run`: commitment number `i`, 32 bytes that are good until `clear`. */
  commitmentOf(i: number): Uint8Array {
    const { bytes } = this.#tags;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + this.#tags.digestAt(i), TAG_BYTES);
  }

  clear(): void {
    this.#handles.clear();
    this.#tags.clear();
    this.#at = [];
    this.#of = [];
  }
}
