/**
 * The quick way for rows that come in the order of the index, which is nearly all of a table that is read in the order in
 * which it was written: each is taken to be the row of the next record, and whether it is what that record commits to is
 * found out for many at a time.
 *
 * When it fits, the row need not be named: nobody can find other row bytes for a commitment, and capture made it under the
 * handle of the key that is in these bytes. When it does not fit, nothing is said yet: the row goes the long way.
 */
import type { RowBatch } from "@anamnesis/crypto";
import { hasLongField, sealsDigests } from "../digests/rule.ts";
import type { TableView } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import { FieldNumbers } from "./field-numbers.ts";
import type { RowIdentity } from "./row-identity.ts";
import type { SeenSet } from "./seen.ts";

const TAB = 0x09;
const COMMITMENT_BYTES = 32;
/** Rows that wait for each other: after a wrong guess few, because the guesses behind it are wrong as well. */
const TOGETHER_MIN = 4;
const TOGETHER_MAX = 64;

export interface ExpectedOptions {
  readonly table: TableSchema;
  readonly view: TableView;
  readonly identity: RowIdentity;
  readonly seen: SeenSet;
  readonly batch: RowBatch;
  /** Takes a row that was not the expected one; a view, valid until it returns. */
  readonly otherwise: (row: Uint8Array) => void;
}

export class ExpectedRows {
  readonly #o: ExpectedOptions;
  /** Ids guessed for the waiting rows, and the commitments of their records. */
  readonly #ids: number[] = [];
  readonly #commitments = new Uint8Array(TOGETHER_MAX * COMMITMENT_BYTES);
  /** The patients' fields of rows, numbered like their keys in the batch. */
  #patients = new FieldNumbers();
  readonly #fields: Uint8Array = new Uint8Array(256);
  readonly #last: number;
  /** Commitments of the table cover digests of long fields: rows that have any go the long way. */
  readonly #digests: boolean;
  #together = TOGETHER_MIN;

  constructor(options: ExpectedOptions) {
    this.#o = options;
    this.#digests = sealsDigests(options.table);
    this.#last = Math.max(-1, ...options.table.subjectColumns);
    this.#begin();
  }

  /** Takes the row if it may be the next one; false: it must go the long way now. */
  offer(row: Uint8Array): boolean {
    const { table, view, batch } = this.#o;
    if (batch.count >= this.#together) this.settle();
    const id = view.expected();
    const newest = id === undefined ? undefined : view.newest(id);
    if (id === undefined || newest?.alive !== true || newest.commitmentAt < 0 || newest.schemaAt < 0) return false;
    if (!sameAt(newest.bytes, newest.schemaAt, table.schemaId) || (this.#digests && hasLongField(row))) return false;
    const key = this.#keyOf(row);
    if (key === undefined) return false;
    const n = batch.count;
    if (!batch.add(key, newest, row)) {
      if (n === 0) return false;
      this.settle();
      return this.offer(row);
    }
    this.#ids[n] = id;
    for (let i = 0; i < COMMITMENT_BYTES; i++) {
      this.#commitments[n * COMMITMENT_BYTES + i] = newest.bytes[newest.commitmentAt + i] as number;
    }
    view.advance(id);
    return true;
  }

  /** Judges all rows that are waiting. */
  settle(): void {
    const { batch, seen, view, otherwise } = this.#o;
    const { count } = batch;
    batch.run();
    let wrong = 0;
    for (let i = 0; i < count; i++) {
      const id = this.#ids[i] as number;
      if (batch.fits(i, this.#commitments, i * COMMITMENT_BYTES) && seen.add(id)) continue;
      if (wrong++ === 0) view.advance(id - 1);
      otherwise(batch.row(i));
    }
    batch.clear();
    this.#together = wrong > 0 ? TOGETHER_MIN : Math.min(2 * this.#together, TOGETHER_MAX);
  }

  #begin(): void {
    const { table, batch } = this.#o;
    batch.begin(table.handle, table.schemaId);
    this.#patients = new FieldNumbers();
  }

  /** The number of the row's key; undefined when the key is destroyed or the fields are no usual ones. */
  #keyOf(row: Uint8Array): number | undefined {
    const length = this.#gather(row);
    if (length < 0) return undefined;
    const known = this.#patients.find(this.#fields, 0, length);
    return known >= 0 ? known : this.#learn(row, length);
  }

  #learn(row: Uint8Array, length: number): number | undefined {
    const { identity, batch } = this.#o;
    const sealer = identity.sealer(identity.fields(row));
    if (sealer === "erased") return undefined;
    if (batch.full) {
      this.settle();
      this.#begin();
      return undefined;
    }
    return this.#patients.add(this.#fields, 0, length) ? batch.learn(sealer) : undefined;
  }

  /** Puts the fields that name patients one behind the other; gives their length, -1 when there is no room for them. */
  #gather(row: Uint8Array): number {
    const { subjectColumns } = this.#o.table;
    const out = this.#fields;
    let length = 0;
    for (let at = 0, column = 0; column <= this.#last; column++, at++) {
      const wanted = subjectColumns.includes(column);
      for (; at < row.length && row[at] !== TAB; at++) {
        if (!wanted) continue;
        if (length === out.length) return -1;
        out[length++] = row[at] as number;
      }
      if (wanted) out[length++] = TAB;
    }
    return length;
  }
}

function sameAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
