/**
 * One table against the index. Each row of the snapshot is met once and compared with the newest event that the
 * snapshot sees; what the index holds alive and nobody met is missing. Rows of a table without a key are a multiset.
 */
import type { Handles, RowBatch, RowSealer } from "@anamnesis/crypto";
import { ruleOf } from "../digests/rule.ts";
import type { Former } from "../former.ts";
import { heldFormerly, isHeld } from "../held.ts";
import type { RowId, TableView, VisibleEvent } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import type { SubjectSealers } from "../subject-sealers.ts";
import type { PendingReason } from "../table-notes.ts";
import type { ContradictedRows } from "./contradicted.ts";
import { ExpectedRows } from "./expected-rows.ts";
import type { Names } from "./names.ts";
import type { Finding, FindingKind, Findings } from "./report.ts";
import { RowIdentity } from "./row-identity.ts";
import { SeenCounts, type SeenSet } from "./seen.ts";
import type { Rows } from "./source.ts";

export interface CheckContext {
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  readonly names: Names;
  readonly findings: Findings;
  /** For many rows at a time, one table after the other; undefined where the platform cannot. */
  readonly batch: RowBatch | undefined;
  /** Ids of rows with a key that were met: ids are unique over all tables. */
  readonly seen: SeenSet;
  /** Rows that were not as they should be when a later change met them. */
  readonly contradicted: ContradictedRows;
  /** Layouts that the table had, as far as they are known. */
  readonly formers?: (table: TableSchema) => readonly Former[];
  /** Capture is going through the table's rows, and why. */
  readonly pending?: PendingReason;
}

export interface TableCheck {
  readonly view: TableView;
  readonly table: TableSchema;
  /** The table's handle. */
  readonly handle: Uint8Array;
  /**
   * The table has rows, no key, and not one of them is known: its key was dropped, so the handles are others than capture
   * made. Then nothing is said about single rows. Good after all rows.
   */
  readonly lostKey: boolean;
  /** The row handle behind a key text, if it can be told. */
  handleOfText(key: string): Uint8Array | undefined;
  /** Rows of the snapshot. */
  rows(rows: Rows): void;
  /** There are no more rows in the snapshot. */
  rowsEnd(): void;
  /** A row of the index that belongs to the table, after all rows of the snapshot. */
  indexed(id: RowId): void;
  /** Both sides are through. */
  finish(): void;
}

export const checkOf = (table: TableSchema, view: TableView, context: CheckContext): TableCheck =>
  table.keyColumns.length > 0 ? new KeyedCheck(table, view, context) : new MultisetCheck(table, view, context);

abstract class Check {
  readonly view: TableView;
  readonly table: TableSchema;
  protected readonly context: CheckContext;
  protected readonly identity: RowIdentity;

  constructor(table: TableSchema, view: TableView, context: CheckContext) {
    this.table = table;
    this.view = view;
    this.context = context;
    this.identity = new RowIdentity(table, context.handles, context.sealers);
  }

  get handle(): Uint8Array {
    return this.table.handle;
  }

  handleOfText(key: string): Uint8Array | undefined {
    return this.identity.handleOfText(key);
  }

  private reportPending(id: RowId | undefined, key: () => string): void {
    const { findings, names } = this.context;
    findings.add("unvouched", () => ({
      ...{ table: this.table.name, key: key(), pending: true },
      lastEvent: id === undefined ? null : names.lastEvent(this.view.last(id)),
    }));
  }

  protected report(kind: FindingKind, id: RowId | undefined, key: () => string, why: () => Why = () => ({})): void {
    const { findings, names, pending } = this.context;
    if (pending !== undefined && OPEN[pending].includes(kind)) return this.reportPending(id, key);
    const contradicted = this.context.contradicted.tell(id);
    findings.add(kind, () => ({
      table: this.table.name,
      key: key(),
      lastEvent: id === undefined ? null : names.lastEvent(this.view.last(id)),
      ...why(),
      ...contradicted,
    }));
  }
}

/** What cannot be told from tampering while the rows are being gone through, by the reason for that. */
const OPEN: Readonly<Record<PendingReason, readonly FindingKind[]>> = {
  first: ["unexplained"],
  columns: [],
  labels: ["altered"],
  key: ["unexplained", "missing"],
};

type Why = Pick<Finding, "columnsChanged" | "valueUnknown" | "equalsEvent">;

const putBackTo = (equalsEvent: number | undefined): Why => (equalsEvent === undefined ? {} : { equalsEvent });

/** How many older events of a row are tried, to tell whether it was put back. */
const EARLIER_MAX = 100;

class KeyedCheck extends Check implements TableCheck {
  readonly lostKey = false;
  readonly #expected: ExpectedRows | undefined;
  readonly #formers: readonly Former[];

  constructor(table: TableSchema, view: TableView, context: CheckContext) {
    super(table, view, context);
    const { batch, seen } = context;
    const otherwise = (row: Uint8Array) => this.#takeTheLongWay(row);
    this.#formers = context.formers?.(table) ?? [];
    this.#expected = batch && new ExpectedRows({ table, view, identity: this.identity, seen, batch, otherwise });
  }

  rows(rows: Rows): void {
    if (this.#expected !== undefined) this.#expected.take(rows);
    else for (const row of eachOf(rows)) this.#takeTheLongWay(row);
  }

  rowsEnd(): void {
    this.#expected?.end();
  }

  #takeTheLongWay(bytes: Uint8Array): void {
    const fields = this.identity.fields(bytes);
    const handle = this.identity.keyHandle(fields);
    const id = this.view.locate(handle);
    const kind = this.#judge(id, handle, bytes, fields);
    if (kind === undefined) return;
    const why = () => (kind === "unvouched" ? this.#whyUnvouched(id) : this.#putBack(id, handle, bytes, fields));
    this.report(kind, id, () => this.identity.text(bytes), why);
  }

  indexed(id: RowId): void {
    if (this.context.seen.has(id) || this.view.newest(id)?.alive !== true) return;
    this.report("missing", id, () => this.context.names.key(id, this.identity));
  }

  finish(): void {
    // every row was judged on its own
  }

  #judge(id: RowId | undefined, handle: Uint8Array, row: Uint8Array, fields: readonly Uint8Array[]) {
    if (id === undefined) return "unexplained";
    // A second row with the same key: the unique index was cheated.
    if (!this.context.seen.add(id)) return "unexplained";
    const newest = this.view.newest(id);
    if (newest === undefined || !newest.alive) return "unexplained";
    return this.#compare(newest, handle, row, fields);
  }

  #whyUnvouched(id: RowId | undefined): Why {
    const newest = id === undefined ? undefined : this.view.newest(id);
    if (newest === undefined) return {};
    const others = newest.schemaAt >= 0 && ruleOf(this.table, newest.bytes, newest.schemaAt) === undefined;
    return others ? { columnsChanged: true } : { valueUnknown: true };
  }

  #putBack(id: RowId | undefined, handle: Uint8Array, row: Uint8Array, fields: readonly Uint8Array[]): Why {
    const fits = (event: VisibleEvent) => event.alive && this.#compare(event, handle, row, fields) === undefined;
    return id === undefined ? {} : putBackTo(this.view.earlier(id, EARLIER_MAX, fits));
  }

  #compare(
    newest: VisibleEvent,
    handle: Uint8Array,
    row: Uint8Array,
    fields: readonly Uint8Array[],
  ): FindingKind | undefined {
    const sealer = this.identity.sealer(fields);
    if (sealer === "erased") return "erased";
    const { table, identity } = this;
    const atHand = { table, handle, row, sealer, identity };
    const held = isHeld(newest, atHand);
    if (held !== undefined) return held ? undefined : "altered";
    // The columns have changed since, but all that were there can be told: then the row may be another one even so.
    return heldFormerly(newest, atHand, this.#formers) === "differs" ? "altered" : "unvouched";
  }
}

/** Unmatched rows of one table that wait for the end, when it is known whether its columns have changed. */
const PENDING_MAX = 100_000;

class MultisetCheck extends Check implements TableCheck {
  readonly #counts = new SeenCounts();
  #pending: string[] = [];
  #unmatched = 0;
  #met = false;
  /** Lacking rows that may be erased ones: their handles cannot be computed any more. */
  #erased: number;
  /** Copies that the index has too many, under former columns that nobody can compare any more. */
  #former = 0;
  /** Former columns under which capture has compared every row: what is lacking there was not there. */
  readonly #compared: readonly Former[];

  constructor(table: TableSchema, view: TableView, context: CheckContext) {
    super(table, view, context);
    this.#erased = -view.untold();
    this.#compared = context.pending === undefined ? (context.formers?.(table) ?? []).filter((f) => f.exact) : [];
  }

  get lostKey(): boolean {
    return this.#unmatched > 0 && !this.#met;
  }

  rows(rows: Rows): void {
    for (const row of eachOf(rows)) this.#row(row);
  }

  #row(bytes: Uint8Array): void {
    const sealer = this.identity.sealer(this.identity.fields(bytes));
    if (sealer === "erased") {
      this.#erased++;
      this.report("erased", undefined, () => this.identity.text(bytes));
      return;
    }
    const id = this.#locate(sealer, bytes);
    if (id !== undefined) {
      this.#counts.add(id);
      this.#met = true;
    } else {
      this.#unmatched++;
      if (this.#pending.length < PENDING_MAX) this.#pending.push(this.identity.text(bytes));
    }
  }

  rowsEnd(): void {
    // every row was counted on its own
  }

  indexed(id: RowId): void {
    const surplus = this.#counts.of(id) - this.view.copies(id);
    const key = () => this.context.names.key(id, this.identity);
    // Its handle tells its content: where the newest event deleted a copy, one that is back equals an event before.
    const back = () => (this.view.newest(id)?.alive === true ? undefined : this.view.earlier(id, EARLIER_MAX, isAlive));
    const why = () => putBackTo(back());
    for (let i = 0; i < surplus; i++) this.report("unexplained", id, key, why);
    for (let i = surplus; i < 0; i++) this.#lacking(id, key);
  }

  /** Rows that match nothing are explained by former columns as far as rows under those are lacking. */
  finish(): void {
    for (let i = 0; i < this.#unmatched; i++) {
      const former = this.#former-- > 0;
      const why = (): Why => (former ? { columnsChanged: true } : {});
      this.report(former ? "unvouched" : "unexplained", undefined, () => this.#pending[i] ?? "#", why);
    }
    this.#pending = [];
  }

  #locate(sealer: RowSealer, bytes: Uint8Array): RowId | undefined {
    let id: RowId | undefined;
    const fits = (s: RowSealer): boolean => {
      id = this.view.locate(s.keylessRow(this.table.handle, bytes));
      return id !== undefined && this.view.newest(id) !== undefined;
    };
    return fits(sealer) || this.identity.formerly(bytes, fits) ? id : undefined;
  }

  /** Handles of erased rows cannot be computed any more, so as many lacking rows as there are erased ones may be those. */
  #lacking(id: RowId, key: () => string): void {
    if (this.#isUntold(this.view.newest(id)) && this.#former < this.#unmatched) this.#former++;
    else if (this.#erased > 0) this.#erased--;
    else this.report("missing", id, key);
  }

  /** The event covers former columns, and what it says of them cannot be held against a row of now. */
  #isUntold(newest: VisibleEvent | undefined): boolean {
    if (newest === undefined || newest.schemaAt < 0) return false;
    const { bytes, schemaAt } = newest;
    if (ruleOf(this.table, bytes, schemaAt) !== undefined) return false;
    return !this.#compared.some((former) => former.ids.some(({ id }) => sameBytes(bytes, schemaAt, id)));
  }
}

function* eachOf({ bytes, places, count }: Rows): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield bytes.subarray(places[2 * i], places[2 * i + 1]);
}

const isAlive = (event: VisibleEvent): boolean => event.alive;

function sameBytes(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
