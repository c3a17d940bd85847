/**
 * The row index of one source: what the ledger last said about every row, close at hand. It is a **cache**: everything in
 * it can be rebuilt from the log (`index/from-log.ts`), and nothing that must not be lost lives only here. Capture writes
 * it through `RowIndexWriter`; verify and history read it through `RowIndexReader`, also from another process.
 */
import type { Position } from "@anamnesis/contracts";
import type { Event, EventKind } from "@anamnesis/ledger";
import type { Erasure, Named } from "./index/erased.ts";

/** A leaf with its place in the log. */
export interface PlacedLeaf {
  readonly index: number;
  readonly leaf: Uint8Array;
}

/** A commit at the source that has at least one event in the log. `time` in microseconds since 1970. */
export interface KnownCommit {
  readonly lsn: bigint;
  readonly xid: bigint;
  readonly time: number;
}

/** What a row is called, for people. `table` has 8 bytes, `row` 16. */
export interface NamedRow {
  readonly table: Uint8Array;
  readonly row: Uint8Array;
  readonly key: string;
}

export interface RowIndexWriter {
  /** The next log index to apply: after a crash, catch up with the leaves from here to the checkpoint. */
  appliedTo(): number;

  /**
   * Makes one transaction of all that `work` writes through this interface: either everything of it is kept or nothing.
   * A transaction costs about as much as a few hundred events.
   */
  together(work: () => void): void;

  /**
   * Remembers the readable keys of rows, before their events are submitted, so that a row that vanishes later can be
   * named. Order matters for speed: rows get dense ids in the order in which they are learned or applied first.
   * `table` has 8 bytes, `row` 16. One transaction.
   */
  learn(rows: Iterable<NamedRow>): void;

  /** Remembers what handles of tables stand for (qualified names). */
  learnTables(tables: readonly { readonly table: Uint8Array; readonly name: string }[]): void;

  /** Remembers what handles of actors stand for. */
  learnActors(actors: readonly { readonly actor: Uint8Array; readonly name: string }[]): void;

  /**
   * Takes in final leaves, in rising order of their log index, in one transaction. Leaves that are not events of this
   * source are skipped; leaves below `appliedTo()` as well, so that applying twice is harmless.
   * @throws `ledger/malformed` when an event leaf cannot be read; nothing of the call is applied then.
   */
  apply(leaves: Iterable<PlacedLeaf>, witness?: EventWitness): void;

  /** What the row's record said before the event at `at`, when that event is known for it. For events delivered again. */
  predecessor(table: Uint8Array, row: Uint8Array, at: Position): KnownPredecessor | undefined;

  /**
   * Says that every leaf below `next` has been offered to `apply`: moves `appliedTo()` over leaves that are not ours.
   * Never moves it back.
   */
  skipTo(next: number): void;

  /** Forgets readable keys among the rows `[from, to)`, so that nothing of them stays in the file. Returns how many. One transaction. */
  forgetNames(from: RowId, to: RowId, isMeant: (row: Named) => boolean): number;

  /** Notes whether the names of an erased subject's rows are gone. */
  setClean(subject: Uint8Array, clean: boolean): void;

  /** Whether any event that tells a row's content (not a read) is known for it. */
  known(table: Uint8Array, row: Uint8Array): boolean;

  /** Place of the newest event that tells the row's content. */
  newestAt(table: Uint8Array, row: Uint8Array): Position | undefined;

  /**
   * Commits with an LSN above `afterLsn`, in rising order, since the last `gap` or `restored` event: those that must
   * reappear identically when a slot starts again at `afterLsn`. The newest 1,000,000 are kept.
   */
  recentCommits(afterLsn: bigint): readonly KnownCommit[];
}

/** What was last said of a row before an event. Good until the next call. */
export interface Predecessor {
  /** Log index of the event. */
  readonly index: number;
  /** Undefined: nothing was ever said of the row. */
  readonly before: VisibleEvent | undefined;
  /** Copies of the row before the event, where its table has no key. */
  readonly copies: number;
  /** The table's baseline was complete before the event: every row that was there had been spoken of. */
  readonly baselined: boolean;
}

export interface KnownPredecessor extends Predecessor {
  /** Of the event. `time` in microseconds since 1970. */
  readonly xid: bigint;
  readonly time: number;
  /** The ledger has it already what the event's before-image told. */
  readonly told: boolean;
}

/** Sees what is replaced while events are taken in. */
export interface EventWitness {
  /** Whether to call `replaced` for this update or delete. Asked for each, in the order of the log. */
  wants(event: Event): boolean;
  /** Just before the row's record takes the event. */
  replaced(event: Event, row: Uint8Array, predecessor: Predecessor): void;
  /** All events of one call were taken in. */
  done(): void;
}

/** A later legal change showed that the row was not what the ledger had vouched for. */
export interface Contradiction {
  /** Log index and time (µs since 1970) of that change. */
  readonly event: number;
  readonly time: number;
}

/**
 * What a snapshot sees, after PostgreSQL's `pg_current_snapshot()` (xmin:xmax:xip): transactions below `xmin` are over,
 * those from `xmax` on had not begun, those in `running` were under way. Ids are 64-bit, exact as numbers below 2^53.
 */
export interface Visibility {
  readonly xmin: number;
  readonly xmax: number;
  readonly running: ReadonlySet<number>;
}

/** Dense number of a row in the index, from 0. Only good within the file it came from. */
export type RowId = number;

export interface IdRange {
  readonly from: RowId;
  readonly to: RowId;
  readonly done?: { has(id: RowId): boolean };
}

/** What an event says about its row, as the index keeps it. Byte fields are copies. */
export interface IndexedEvent {
  readonly index: number;
  readonly kind: EventKind;
  readonly schema: Uint8Array | null;
  readonly commitment: Uint8Array | null;
  readonly lsn: bigint;
  readonly ordinal: number;
  readonly xid: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly actor: Uint8Array | null;
}

export interface IndexedTable {
  readonly handle: Uint8Array;
  readonly name: string | undefined;
  /** Events of the table, reads included. */
  readonly events: number;
  /** Events that change or read data without a known actor; baselines do not count. */
  readonly unattributed: number;
}

export interface UnattributedEvent {
  readonly index: number;
  readonly table: Uint8Array;
  readonly row: Uint8Array | null;
  readonly key: string | undefined;
  readonly kind: EventKind;
  readonly time: number;
}

/** Something that an operator accepted, with a reason: a row as it is, or (`gone`) that it is not there any more. */
export interface AcceptedEvent {
  readonly index: number;
  readonly table: Uint8Array;
  readonly id: RowId;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly actor: Uint8Array | null;
  readonly gone: boolean;
  readonly reason: string | null;
}

export interface RowIndexReader {
  appliedTo(): number;

  /**
   * Forgets what this reader has buffered, so that everything applied before the call is seen after it. Needed once
   * after waiting for capture, not per row.
   */
  refresh(): void;

  tables(): readonly IndexedTable[];
  /** Sums over the source. */
  counters(): { readonly rows: number; readonly events: number; readonly unattributed: number };

  /** Accesses that the ledger tells, since this index keeps count; time of the newest in microseconds since 1970. */
  reads(): { readonly total: number; readonly newest: number | undefined };

  find(table: Uint8Array, row: Uint8Array): RowId | undefined;
  /** The row's handle and table, a copy. */
  handleOf(id: RowId): { readonly table: Uint8Array; readonly row: Uint8Array };
  /** The readable key, if one was learned. It is a claim of the cache: check it against the handle before use. */
  keyOf(id: RowId): string | undefined;
  tableName(table: Uint8Array): string | undefined;
  actorName(actor: Uint8Array): string | undefined;

  /** Every event of a row, oldest first, reads included. */
  eventsOf(id: RowId): readonly Pick<IndexedEvent, "index" | "kind">[];

  /** Events without a known actor (baselines excluded), oldest first, at most `limit`. */
  unattributed(limit: number, table?: Uint8Array): readonly UnattributedEvent[];

  /** What operators accepted, oldest first, at most `limit`; and how much there is altogether. */
  accepted(limit: number, table?: Uint8Array): { readonly events: readonly AcceptedEvent[]; readonly total: number };

  /** Rows that were contradicted and not accepted since: the oldest contradiction of each. */
  contradicted(): ReadonlyMap<RowId, Contradiction>;

  /** Handles of tables whose name is not the one that their handle was made from, by the handle (hexadecimal) of the name. */
  bound(): ReadonlyMap<string, Uint8Array>;

  /** Whose keys were destroyed, as the ledger says, oldest first. */
  erasures(): readonly Erasure[];

  /** How many ids there are now: all from 0 to this minus one. */
  rowCount(): number;

  /**
   * Goes through the ids `[from, to)` and calls back for each row that belongs to the table of one of the views, except for
   * those in `done`. Meant for stretches of a few thousand, so that others get their turn in between.
   */
  scan(range: IdRange, views: readonly TableView[], visit: (id: RowId, view: TableView) => void): void;

  /** The table's rows as one snapshot sees them. */
  view(table: Uint8Array, visibility: Visibility): TableView;
}

/** The rows of one table at one snapshot: for each row the newest event that the snapshot sees. */
export interface TableView {
  /**
   * Finds a row by handle, 16 bytes at `handle`. Cheap when rows are asked for in about the order in which the index
   * learned them (a scan in heap order mostly does): then no look-up happens at all.
   */
  locate(handle: Uint8Array): RowId | undefined;

  /**
   * The row that follows the one located last along the scan, if it belongs to the table: a guess, nothing more. Its newest
   * visible event; undefined when it has none.
   */
  expected(): ExpectedEvent | undefined;

  /** Tells that the guess was right, so that the next one goes on from there. */
  advance(id: RowId): void;

  /** The newest visible event of the row that tells its content; undefined when there is none. */
  newest(id: RowId): VisibleEvent | undefined;

  /**
   * Goes back from the newest visible event of the row, which is not among them, over at most `most` older visible ones
   * that tell its content. The log index of the first for which `is` holds; undefined when there is none.
   */
  earlier(id: RowId, most: number, is: (event: VisibleEvent) => boolean): number | undefined;

  /** For tables without a key: copies of the row that the snapshot should see (creates − deletes, since a truncate). */
  copies(id: RowId): number;

  /** Creates minus deletes (since a truncate) whose row the ledger could not tell: its patient's key was destroyed. */
  untold(): number;

  /** The newest visible event of the row even when a later truncate ended its life. For reports. */
  last(id: RowId): IndexedEvent | undefined;
}

/**
 * The fields that a comparison needs, on one object that the view uses again for each call: read it before the next
 * call. `commitmentAt` is an offset into `bytes`, so that equality costs no copy.
 */
export interface VisibleEvent {
  readonly alive: boolean;
  readonly bytes: Uint8Array;
  /** The same bytes, for words. */
  readonly view: DataView;
  /** Offset of the row's 16-byte handle in `bytes`. */
  readonly handleAt: number;
  /** Offset of the 32-byte commitment in `bytes`, or -1 when the event has none. */
  readonly commitmentAt: number;
  /** Offset of the 8-byte schema fingerprint in `bytes`, or -1. */
  readonly schemaAt: number;
  /** Offsets of `lsn` (8 bytes) and `ordinal` (4 bytes) in `bytes`, big-endian. */
  readonly lsnAt: number;
  readonly ordinalAt: number;
  readonly lsn: bigint;
  readonly ordinal: number;
  /** Microseconds since 1970. */
  readonly time: number;
}

export interface ExpectedEvent extends VisibleEvent {
  readonly id: RowId;
}
