/** Taking events into the index: one pass, sequential writes except for the pages of the rows concerned. */
import type { StatementSync } from "node:sqlite";
import { decodeEvent, type Event, type EventKind, isEventLeaf } from "@anamnesis/ledger";
import type { EventWitness, PlacedLeaf, RowId } from "../row-index.ts";
import { ContradictedRows } from "./contradicted.ts";
import { endsRow, kindCode, RecordView, tellsContent } from "./record.ts";
import type { Store } from "./store.ts";
import { Found } from "./view.ts";

const COMMITS_MAX = 1_000_000;
const PRUNE_EVERY = 65_536;
/** Commits stand at multiples of this in every source; what stands between them was never a transaction. */
const COMMIT_ALIGNMENT = 8n;

interface Tally {
  events: number;
  unattributed: number;
}

/** An event about a row. */
interface Taken {
  readonly event: Event;
  readonly row: Uint8Array;
  readonly index: number;
  readonly table: number;
  readonly actor: number;
}

export class Applier {
  readonly #store: Store;
  readonly #source: string;
  readonly #record = new RecordView();
  readonly #found = new Found();
  readonly #contradicted: ContradictedRows;
  #witness: EventWitness | undefined;
  readonly #tallies = new Map<number, Tally>();
  /** Log index of the newest truncate per table. */
  #truncatedAt = new Map<number, number>();
  #lastLsn = -1n;
  #sincePrune = 0;
  readonly #sql: Readonly<Record<"read" | "mark" | "commit" | "undo" | "tally" | "accepted" | "bound", StatementSync>>;

  constructor(store: Store, source: string) {
    this.#store = store;
    this.#source = source;
    const { db } = store;
    this.#contradicted = new ContradictedRows(db);
    this.#sql = {
      read: db.prepare("INSERT INTO reads VALUES (?, ?, ?)"),
      mark: db.prepare("INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?)"),
      commit: db.prepare("INSERT OR IGNORE INTO commits VALUES (?, ?, ?)"),
      undo: db.prepare("DELETE FROM commits WHERE lsn > ?"),
      accepted: db.prepare("INSERT INTO accepted VALUES (?, ?, ?, ?, ?, ?, ?)"),
      bound: db.prepare("INSERT OR REPLACE INTO bound VALUES (?, ?)"),
      tally: db.prepare("UPDATE tables SET events = events + ?2, unattributed = unattributed + ?3 WHERE id = ?1"),
    };
  }

  apply(leaves: Iterable<PlacedLeaf>, witness?: EventWitness): void {
    this.#witness = witness;
    this.#tallies.clear();
    try {
      this.#store.write(() => {
        for (const { index, leaf } of leaves) this.#offer(index, leaf);
        witness?.done();
        for (const [table, t] of this.#tallies) this.#sql.tally.run(table, t.events, t.unattributed);
        this.#prune();
      });
    } catch (error) {
      this.#truncatedAt = new Map();
      this.#contradicted.forget();
      this.#lastLsn = -1n;
      throw error;
    }
  }

  #offer(index: number, leaf: Uint8Array): void {
    if (index < this.#store.applied) return;
    if (isEventLeaf(leaf)) {
      const event = decodeEvent(leaf);
      if (event.source === this.#source) this.#take(event, index);
    }
    this.#store.applied = index + 1;
  }

  #take(event: Event, index: number): void {
    const table = this.#store.tables.number(event.table);
    const actor = event.actor === null ? 0 : this.#store.actors.number(event.actor);
    this.#noteCommit(event);
    let id: RowId | null = null;
    if (event.kind === "erase") {
      if (event.row !== null) this.#store.erased.add(event.row, index);
    } else if (event.row === null) this.#mark(event, index, table, actor);
    else {
      const before = this.#store.rows;
      id = this.#store.findOrAdd(table, event.row);
      if (id === before) this.#store.unnamed++;
      if (tellsContent(event.kind)) this.#change(id, { event, row: event.row, index, table, actor });
      else this.#sql.read.run(id, index, kindCode(event.kind));
      if (event.kind === "contradicted" || event.kind === "retired") this.#contradicted.add(id, event);
    }
    if (event.kind === "read") this.#noteRead(event);
    this.#count(event, index, table, id);
  }

  /** An access; what concerns the whole source says something of the reading. */
  #noteRead({ table, time }: Event): void {
    if (table.every((byte) => byte === 0)) return;
    this.#store.reads++;
    this.#store.newestRead = Math.max(this.#store.newestRead, time);
  }

  /** The record takes the new event; what it held before moves to `older`, filed under the event that replaced it. */
  #change(id: RowId, taken: Taken): void {
    const { event, index, table, actor } = taken;
    const r = this.#store.pages.seekForWrite(this.#record, id);
    if (isWatched(event) && this.#witness?.wants(event) === true) this.#show(r, taken, this.#witness);
    let copies = 0;
    if (r.code !== 0) {
      this.#store.older.add(index, r);
      if (r.index > this.#truncated(table)) copies = r.copies;
    }
    r.write(event, index, copies, actor);
    if (event.kind !== "accepted") return;
    this.#contradicted.accept(id);
    this.#sql.accepted.run(index, table, id, event.time, actor, endsRow(event) ? 1 : 0, event.purpose);
  }

  #show(r: RecordView, { event, row, index, table }: Taken, witness: EventWitness): void {
    const isOver = r.code === 0 || r.index <= this.#truncated(table);
    const before = r.code === 0 ? undefined : this.#found.take(r, r.alive && !isOver);
    const baselined = this.#contradicted.isBaselined(table, index);
    witness.replaced(event, row, { index, before, copies: isOver ? 0 : r.copies, baselined });
  }

  #mark(event: Event, index: number, table: number, actor: number): void {
    this.#sql.mark.run(index, table, kindCode(event.kind), event.xid, event.time, actor);
    if (event.kind === "truncate") this.#truncatedAt.set(table, index);
    if (event.kind === "schema" && event.purpose === null) this.#contradicted.baseline(table, index);
    if (event.kind === "schema" && event.purpose === NAMED && event.schema !== null) {
      this.#sql.bound.run(event.schema, event.table);
    }
  }

  #count(event: Event, index: number, table: number, id: RowId | null): void {
    let tally = this.#tallies.get(table);
    if (tally === undefined) {
      tally = { events: 0, unattributed: 0 };
      this.#tallies.set(table, tally);
    }
    tally.events++;
    if (event.actor !== null || !needsActor(event)) return;
    tally.unattributed++;
    this.#store.unattributed.add({ index, id, time: event.time, table, kind: kindCode(event.kind) });
  }

  #noteCommit(event: Event): void {
    if (event.kind === "gap" || event.kind === "restored") {
      // Up to its position nothing changes: those may be delivered again, and must be known then.
      this.#sql.undo.run(event.lsn);
      this.#lastLsn = -1n;
    } else if (event.xid !== 0n && event.lsn !== this.#lastLsn && event.lsn % COMMIT_ALIGNMENT === 0n) {
      this.#sql.commit.run(event.lsn, event.xid, event.time);
      this.#lastLsn = event.lsn;
      this.#sincePrune++;
    }
  }

  #prune(): void {
    if (this.#sincePrune < PRUNE_EVERY) return;
    this.#sincePrune = 0;
    this.#store.db.exec(
      `DELETE FROM commits WHERE lsn <= (SELECT lsn FROM commits ORDER BY lsn DESC LIMIT 1 OFFSET ${COMMITS_MAX})`,
    );
  }

  #truncated(table: number): number {
    let at = this.#truncatedAt.get(table);
    if (at === undefined) {
      at = this.#store.truncates(table)[0]?.index ?? -1;
      this.#truncatedAt.set(table, at);
    }
    return at;
  }
}

/** What a before-image can come with. */
const isWatched = ({ kind }: Event): boolean => kind === "update" || kind === "delete";

/** Purpose of the `schema` event that says under which name a table goes from then on (spec/capture.md). */
export const NAMED = "named";

/** Kinds that capture itself makes, or an operator with a reason. */
const OWN: ReadonlySet<EventKind> = new Set(["baseline", "retired", "accepted"]);

/** Changes and reads have someone behind them; baselines, gaps and the like are capture's own. */
const needsActor = ({ kind }: Event): boolean =>
  (tellsContent(kind) && !OWN.has(kind)) || kind === "truncate" || kind === "read";
