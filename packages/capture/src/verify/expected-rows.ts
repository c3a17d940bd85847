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
import { FieldNumbers, RowFields } from "./field-numbers.ts";
import type { RowIdentity } from "./row-identity.ts";
import type { SeenSet } from "./seen.ts";
import type { Rows } from "./source.ts";

/** Rows that wait for each other: after a wrong guess few, because the guesses behind it are wrong as well. */
const TOGETHER_MIN = 4;
const TOGETHER_MAX = 64;
/** Rows whose patients are looked up together. */
const LOT_MAX = 128;

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
  /** Ids guessed for the waiting rows. */
  readonly #ids: number[] = [];
  /** Numbers of the patients of a lot, -1 where they were not known. */
  readonly #found = new Int32Array(LOT_MAX);
  /** The patients of rows, numbered like their keys in the batch. */
  #patients = new FieldNumbers();
  readonly #fields: RowFields;
  readonly #schema: DataView;
  /** Commitments of the table cover digests of long fields: rows that have any go the long way. */
  readonly #digests: boolean;
  #together = TOGETHER_MIN;

  constructor(options: ExpectedOptions) {
    const { schemaId, subjectColumns } = options.table;
    this.#o = options;
    this.#digests = sealsDigests(options.table);
    this.#fields = new RowFields(subjectColumns);
    this.#schema = new DataView(schemaId.buffer, schemaId.byteOffset, schemaId.length);
    this.#begin();
  }

  take({ bytes, places, count }: Rows): void {
    for (let begin = 0; begin < count; begin += LOT_MAX) {
      this.#lot(bytes, places, begin, Math.min(count, begin + LOT_MAX));
    }
  }

  /** The rows that may be the next ones are judged together, the others go the long way now. */
  #lot(bytes: Uint8Array, places: Int32Array, begin: number, end: number): void {
    const start = places[2 * begin] as number;
    const staged = this.#o.batch.stage(bytes.subarray(start, places[2 * end - 1]));
    this.#findPatients(bytes, places, begin, end);
    for (let i = begin; i < end; i++) {
      const from = places[2 * i] as number;
      const to = places[2 * i + 1] as number;
      if (!this.#offer(i - begin, bytes, from, to, staged ? start : -1)) this.#o.otherwise(bytes.subarray(from, to));
    }
  }

  /** One after the other, without anything between them: each look-up misses the cache, and so the processor overlaps them. */
  #findPatients(bytes: Uint8Array, places: Int32Array, begin: number, end: number): void {
    for (let i = begin; i < end; i++) {
      const patient = this.#fields.read(bytes, places[2 * i] as number, places[2 * i + 1] as number);
      this.#found[i - begin] = this.#patients.find(patient);
    }
  }

  /** `start`: where the bytes begin that the batch has at hand; -1: it has none. */
  #offer(n: number, bytes: Uint8Array, from: number, to: number, start: number): boolean {
    const { view, batch } = this.#o;
    if (batch.count >= this.#together) this.settle();
    const event = view.expected();
    if (event === undefined || !event.alive || event.commitmentAt < 0 || event.schemaAt < 0) return false;
    if (!isSame(event.view, event.schemaAt, this.#schema)) return false;
    if (this.#digests && hasLongField(bytes.subarray(from, to))) return false;
    const found = this.#found[n] as number;
    const key = found >= 0 ? found : this.#learn(bytes, from, to);
    if (key === undefined) return false;
    const waiting = batch.count;
    const taken =
      start < 0 ? batch.add(key, event, bytes, from, to) : batch.addStaged(key, event, from - start, to - start);
    if (!taken) {
      if (waiting === 0) return false;
      this.settle();
      return this.#offer(n, bytes, from, to, start);
    }
    this.#ids[waiting] = event.id;
    view.advance(event.id);
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
      if (batch.fits(i) && seen.add(id)) continue;
      if (wrong++ === 0) view.advance(id - 1);
      otherwise(batch.row(i));
    }
    batch.clear();
    this.#together = wrong > 0 ? TOGETHER_MIN : Math.min(2 * this.#together, TOGETHER_MAX);
  }

  /** There are no more rows. */
  end(): void {
    this.settle();
    this.#o.batch.forget();
  }

  #begin(): void {
    const { table, batch } = this.#o;
    batch.begin(table.handle, table.schemaId);
    this.#patients = new FieldNumbers();
    this.#found.fill(-1);
  }

  /** A number for the key of the row's patients, who were not known when the lot began; undefined when it is destroyed. */
  #learn(bytes: Uint8Array, from: number, to: number): number | undefined {
    const { identity, batch } = this.#o;
    const known = this.#patients.find(this.#fields.read(bytes, from, to));
    if (known >= 0) return known;
    const sealer = identity.passingSealer(bytes.subarray(from, to));
    if (sealer === "erased") return undefined;
    if (batch.full) {
      this.settle();
      this.#begin();
      return undefined;
    }
    this.#patients.add(this.#fields);
    return batch.learn(sealer);
  }
}

const isSame = (view: DataView, at: number, schema: DataView): boolean =>
  view.getInt32(at) === schema.getInt32(0) && view.getInt32(at + 4) === schema.getInt32(4);
