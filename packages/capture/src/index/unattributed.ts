/**
 * Events without a known actor, in the order of the log. Where applications name nobody these are all events, so they lie
 * packed: one line of the file per transaction, 24 bytes per event.
 *
 * ```
 * 0 log index 6 | 6 row id + 1, or 0 without a row 6 | 12 time 8 | 20 table 2 | 22 kind 1 | 23 nothing 1
 * ```
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RowId } from "../row-index.ts";
import { damaged } from "./database.ts";

const ENTRY_BYTES = 24;
const ROW_AT = 6;
const TIME_AT = 12;
const TABLE_AT = 20;
const KIND_AT = 22;
const WIDE = 2 ** 32;

export interface Unattributed {
  readonly index: number;
  readonly id: RowId | null;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly table: number;
  /** As records store it. */
  readonly kind: number;
}

export class UnattributedList {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  #buffer = new Uint8Array(256 * ENTRY_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #used = 0;

  constructor(db: DatabaseSync) {
    this.#read = db.prepare("SELECT entries FROM unattributed ORDER BY first");
    this.#write = db.prepare("INSERT INTO unattributed VALUES (?, ?)");
  }

  /** The caller holds the transaction and calls `flush` at its end. */
  add({ index, id, time, table, kind }: Unattributed): void {
    if (this.#used === this.#buffer.length) this.#grow();
    const at = this.#used;
    const view = this.#view;
    const row = id === null ? 0 : id + 1;
    view.setUint16(at, Math.floor(index / WIDE));
    view.setUint32(at + 2, index % WIDE);
    view.setUint16(at + ROW_AT, Math.floor(row / WIDE));
    view.setUint32(at + ROW_AT + 2, row % WIDE);
    view.setUint32(at + TIME_AT, Math.floor(time / WIDE));
    view.setUint32(at + TIME_AT + 4, time % WIDE);
    view.setUint16(at + TABLE_AT, table);
    view.setUint8(at + KIND_AT, kind);
    this.#used = at + ENTRY_BYTES;
  }

  flush(): void {
    if (this.#used === 0) return;
    const first = this.#view.getUint16(0) * WIDE + this.#view.getUint32(2);
    this.#write.run(first, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#used);
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Drops what is not written yet. */
  forget(): void {
    this.#used = 0;
  }

  /** Those in the file, oldest first. */
  *entries(): Generator<Unattributed> {
    for (const row of this.#read.iterate()) {
      const packed = row["entries"];
      if (!(packed instanceof Uint8Array) || packed.length % ENTRY_BYTES !== 0) {
        throw damaged("the list of events without an actor has the wrong size");
      }
      const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
      for (let at = 0; at < bytes.length; at += ENTRY_BYTES) yield entry(bytes, at);
    }
  }
}

function entry(bytes: Buffer, at: number): Unattributed {
  const row = bytes.readUIntBE(at + ROW_AT, 6);
  return {
    index: bytes.readUIntBE(at, 6),
    id: row === 0 ? null : row - 1,
    time: Number(bytes.readBigUInt64BE(at + TIME_AT)),
    table: bytes.readUInt16BE(at + TABLE_AT),
    kind: bytes.readUInt8(at + KIND_AT),
  };
}
