/** The row index over `node:sqlite` (WAL, synchronous NORMAL: a cache, rebuilt from the log when it is lost). */
import type { Position } from "@anamnesis/contracts";
import { toHex } from "@anamnesis/core";
import type { EventKind } from "@anamnesis/ledger";
import type {
  AcceptedEvent,
  Contradiction,
  EventWitness,
  IdRange,
  IndexedEvent,
  IndexedTable,
  KnownCommit,
  KnownPredecessor,
  NamedRow,
  PlacedLeaf,
  RowId,
  RowIndexReader,
  RowIndexWriter,
  TableView,
  UnattributedEvent,
  Visibility,
} from "../row-index.ts";
import { Applier } from "./apply.ts";
import { openContradictions, predecessorOf } from "./contradicted.ts";
import { type Erasure, forgetNames, type Named } from "./erased.ts";
import { HANDLE_BYTES, kindOfCode, RecordView } from "./record.ts";
import { Store } from "./store.ts";
import { SnapshotView } from "./view.ts";

export interface RowIndex extends RowIndexWriter, RowIndexReader {
  close(): void;
}

export interface RowIndexOptions {
  /** Name of the source whose events are taken in; those of others are passed over. */
  readonly source: string;
  /** A second process may read while the first one writes. */
  readonly readOnly?: boolean;
}

/**
 * Opens (or makes) the index file of one source.
 * @throws AnamnesisError `capture/store-version`, `capture/damaged-store`: delete the file, it is rebuilt from the log.
 */
export function openRowIndex(path: string, options: RowIndexOptions): RowIndex {
  const readOnly = options.readOnly ?? false;
  return new SqliteRowIndex(new Store(path, readOnly), options.source, readOnly);
}

class SqliteRowIndex implements RowIndex {
  readonly #store: Store;
  readonly #applier: Applier;
  readonly #readOnly: boolean;
  readonly #record = new RecordView();

  constructor(store: Store, source: string, readOnly: boolean) {
    this.#store = store;
    this.#applier = new Applier(store, source);
    this.#readOnly = readOnly;
  }

  appliedTo(): number {
    return this.#store.applied;
  }

  together(work: () => void): void {
    this.#store.write(work);
  }

  learn(rows: Iterable<NamedRow>): void {
    const store = this.#store;
    store.write(() => {
      for (const { table, row, key } of rows) {
        const before = store.rows;
        const id = store.findOrAdd(store.tables.number(table), row);
        if (id === before || store.unnamed > 0) store.names.add(id, key);
      }
    });
  }

  learnTables(tables: readonly { readonly table: Uint8Array; readonly name: string }[]): void {
    const known = this.#store.tables;
    this.#store.write(() => {
      for (const { table, name } of tables) known.setName(known.number(table), name);
    });
  }

  learnActors(actors: readonly { readonly actor: Uint8Array; readonly name: string }[]): void {
    const known = this.#store.actors;
    this.#store.write(() => {
      for (const { actor, name } of actors) known.setName(known.number(actor), name);
    });
  }

  apply(leaves: Iterable<PlacedLeaf>, witness?: EventWitness): void {
    this.#applier.apply(leaves, witness);
  }

  predecessor(table: Uint8Array, row: Uint8Array, at: Position): KnownPredecessor | undefined {
    const number = this.#store.tables.find(table);
    const id = number === undefined ? undefined : this.#store.find(number, row);
    return number === undefined || id === undefined ? undefined : predecessorOf(this.#store, number, id, at);
  }

  contradicted(): ReadonlyMap<RowId, Contradiction> {
    return openContradictions(this.#store.db);
  }

  erasures(): readonly Erasure[] {
    return this.#store.erased.all();
  }

  setClean(subject: Uint8Array, clean: boolean): void {
    this.#store.write(() => this.#store.erased.setClean(subject, clean));
  }

  forgetNames(from: RowId, to: RowId, isMeant: (row: Named) => boolean): number {
    return this.#store.write(() => forgetNames(this.#store, from, Math.min(to, this.#store.rows), isMeant));
  }

  skipTo(next: number): void {
    if (next <= this.#store.applied) return;
    this.#store.write(() => {
      this.#store.applied = next;
    });
  }

  known(table: Uint8Array, row: Uint8Array): boolean {
    const id = this.find(table, row);
    return id !== undefined && this.#store.pages.seek(this.#record, id).code !== 0;
  }

  newestAt(table: Uint8Array, row: Uint8Array): Position | undefined {
    const id = this.find(table, row);
    if (id === undefined) return undefined;
    const { code, lsn, ordinal } = this.#store.pages.seek(this.#record, id);
    return code === 0 ? undefined : { lsn, ordinal };
  }

  recentCommits(afterLsn: bigint): readonly KnownCommit[] {
    const found = this.#store.db.prepare("SELECT lsn, xid, time FROM commits WHERE lsn > ? ORDER BY lsn");
    found.setReadBigInts(true);
    return found.all(afterLsn).map((r) => ({
      lsn: r["lsn"] as bigint,
      xid: r["xid"] as bigint,
      time: Number(r["time"]),
    }));
  }

  refresh(): void {
    if (this.#readOnly) this.#store.refresh();
  }

  tables(): readonly IndexedTable[] {
    const found = this.#store.db.prepare("SELECT handle, name, events, unattributed FROM tables ORDER BY id").all();
    return found.map((r) => ({
      handle: r["handle"] as Uint8Array,
      name: (r["name"] as string | null) ?? undefined,
      events: r["events"] as number,
      unattributed: r["unattributed"] as number,
    }));
  }

  reads(): { readonly total: number; readonly newest: number | undefined } {
    const { reads, newestRead } = this.#store;
    return { total: reads, newest: newestRead === 0 ? undefined : newestRead };
  }

  counters(): { readonly rows: number; readonly events: number; readonly unattributed: number } {
    const tables = this.tables();
    return {
      rows: this.#store.rows,
      events: tables.reduce((n, t) => n + t.events, 0),
      unattributed: tables.reduce((n, t) => n + t.unattributed, 0),
    };
  }

  find(table: Uint8Array, row: Uint8Array): RowId | undefined {
    const number = this.#store.tables.find(table);
    return number === undefined ? undefined : this.#store.find(number, row);
  }

  handleOf(id: RowId): { readonly table: Uint8Array; readonly row: Uint8Array } {
    const r = this.#store.pages.seek(this.#record, id);
    const row = r.bytes.slice(r.offset, r.offset + HANDLE_BYTES);
    return { table: this.#store.tables.handleOf(r.table), row };
  }

  keyOf(id: RowId): string | undefined {
    return this.#store.names.get(id);
  }

  tableName(table: Uint8Array): string | undefined {
    const number = this.#store.tables.find(table);
    return number === undefined ? undefined : this.#store.tables.nameOf(number);
  }

  actorName(actor: Uint8Array): string | undefined {
    const number = this.#store.actors.find(actor);
    return number === undefined ? undefined : this.#store.actors.nameOf(number);
  }

  eventsOf(id: RowId): readonly Pick<IndexedEvent, "index" | "kind">[] {
    const reads = this.#store.db.prepare("SELECT idx, kind FROM reads WHERE id = ?").all(id);
    const events = reads.map((r) => ({ index: r["idx"] as number, kind: kindOfCode(r["kind"] as number) }));
    const r = this.#store.pages.seek(this.#record, id);
    let more = r.code !== 0;
    while (more) {
      events.push({ index: r.index, kind: kindOfCode(r.code) });
      more = this.#store.seekOlder(r, r.index);
    }
    return events.sort((a, b) => a.index - b.index);
  }

  unattributed(limit: number, table?: Uint8Array): readonly UnattributedEvent[] {
    const only = table === undefined ? undefined : (this.#store.tables.find(table) ?? -1);
    const found: UnattributedEvent[] = [];
    for (const { index, id, time, table: number, kind } of this.#store.unattributed.entries()) {
      if (found.length >= limit) break;
      if (only !== undefined && only !== number) continue;
      found.push({
        index,
        table: this.#store.tables.handleOf(number),
        row: id === null ? null : this.handleOf(id).row,
        key: id === null ? undefined : this.keyOf(id),
        kind: kindOfCode(kind) satisfies EventKind,
        time,
      });
    }
    return found;
  }

  accepted(limit: number, table?: Uint8Array): { readonly events: readonly AcceptedEvent[]; readonly total: number } {
    const { db, tables, actors } = this.#store;
    const only = table === undefined ? null : (tables.find(table) ?? -1);
    const where = "FROM accepted WHERE ?1 IS NULL OR tbl = ?1";
    const total = db.prepare(`SELECT count(*) AS n ${where}`).get(only)?.["n"] as number;
    const found = db.prepare(`SELECT * ${where} ORDER BY idx LIMIT ?2`).all(only, limit);
    const events = found.map((r) => ({
      index: r["idx"] as number,
      table: tables.handleOf(r["tbl"] as number),
      id: r["id"] as number,
      time: r["time"] as number,
      actor: r["actor"] === 0 ? null : actors.handleOf(r["actor"] as number),
      gone: r["gone"] === 1,
      reason: r["reason"] as string | null,
    }));
    return { events, total };
  }

  bound(): ReadonlyMap<string, Uint8Array> {
    const found = this.#store.db.prepare("SELECT name, handle FROM bound").all();
    return new Map(found.map((r) => [toHex(r["name"] as Uint8Array), r["handle"] as Uint8Array]));
  }

  rowCount(): number {
    return this.#store.rows;
  }

  scan({ from, to, done }: IdRange, views: readonly TableView[], visit: (id: RowId, view: TableView) => void): void {
    const byTable = new Map<number, TableView>();
    for (const view of views) {
      if (view instanceof SnapshotView && view.table !== undefined) byTable.set(view.table, view);
    }
    const end = Math.min(to, this.#store.rows);
    for (let id = from; id < end; id++) {
      if (done?.has(id) === true) continue;
      const view = byTable.get(this.#store.pages.seek(this.#record, id).table);
      if (view !== undefined) visit(id, view);
    }
  }

  view(table: Uint8Array, visibility: Visibility): TableView {
    return new SnapshotView(this.#store, this.#store.tables.find(table), visibility);
  }

  close(): void {
    this.#store.close();
  }
}
