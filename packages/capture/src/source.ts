/**
 * The `Source` port: a database whose changes are captured. Nothing in here knows PostgreSQL.
 *
 * What every source promises:
 * - `snapshot` shows all rows as of one moment; `stream` delivers every transaction committed after it, once and in
 *   commit order, as long as the source keeps its promise of a position (`incarnation` unchanged, `resumeAt` not ahead).
 * - Positions of one incarnation are comparable and rise; a change is named by (position, ordinal) and keeps that name
 *   when it is delivered again.
 * - Delivery is at least once from the last acknowledged position. Acknowledging is the promise that everything up to
 *   there is final on the ledger; the source may then forget it.
 * - Rows arrive as the canonical text of each column, whatever the settings of the database say.
 * - The source is never made to wait for us: back-pressure costs it disk, not time.
 */
import type { Bytes } from "@anamnesis/core";
import type { Visibility } from "./row-index.ts";

/** Fingerprints (8 bytes) of the same columns under the two rules for the bytes that are committed. */
export interface SchemaRules {
  readonly whole: Uint8Array;
  /** Long fields stand there as keyed digests: for tables whose updates may leave large values out. */
  readonly digests: Uint8Array;
}

/** `key` = updates carry no before-image; `nothing` = the source cannot name the row that changed. */
export type Identity = "full" | "key" | "nothing";

export interface ColumnSchema {
  readonly name: string;
  /** Qualified name of the type, such as `pg_catalog.int4`. */
  readonly type: string;
  /** The type's modifier (length, precision); -1 = none. */
  readonly modifier: number;
  /** Values may be stored apart when they are large, and then be missing from an update that left them alone. */
  readonly large: boolean;
  /** Names the column within its table also when it is renamed; absent: only its name does. */
  readonly id?: number;
  /** Labels of an enumeration, each with what names it also when it is renamed. */
  readonly labels?: readonly (readonly [id: number, label: string])[];
  /** The type as the source's SQL says it; absent: a former value of this column cannot be cast back. */
  readonly cast?: string;
}

/** Which columns of a list are the key, and what tells it from other keys. */
export interface RowKey {
  /** Indices into the columns, in key order; empty: there is no key. */
  readonly keyColumns: readonly number[];
  /** Stands behind the key bytes, where the same values under another key may mean another row (`keyTagOf`). */
  readonly keyTag?: string | undefined;
}

export interface TableSchema extends RowKey {
  /** `schema.table` */
  readonly name: string;
  /** Names the table within one life of the source, also when it is renamed; absent: only its name does. */
  readonly id?: string;
  /** 8 bytes: the keyed handle of the name. */
  readonly handle: Uint8Array;
  /** 8 bytes: fingerprint over the columns in the order of the row bytes; tells the rule as well (`rules`). */
  readonly schemaId: Uint8Array;
  /** Absent: a source whose updates are always whole, and `schemaId` is of that rule. */
  readonly rules?: SchemaRules;
  /** In the order of the row bytes. */
  readonly columns: readonly ColumnSchema[];
  /** Indices of the columns that name patients; empty = a table about nobody. */
  readonly subjectColumns: readonly number[];
  readonly identity: Identity;
  /** Rows as far as the source's statistics know. */
  readonly estimate: number;
}

/**
 * A row as delivered, like an array: text per column, null = SQL NULL, undefined = the source did not send this (unchanged) value.
 * Whoever asks gives an index of the table's columns.
 */
export interface RowImage {
  readonly length: number;
  at(index: number): Bytes | null | undefined;
}

/** One change of a transaction. Byte arrays are views, valid only until the handler returns. */
export type Change =
  | { readonly kind: "create"; readonly table: TableSchema; readonly after: RowImage }
  | { readonly kind: "update"; readonly table: TableSchema; readonly before: RowImage | null; readonly after: RowImage }
  | { readonly kind: "delete"; readonly table: TableSchema; readonly before: RowImage }
  | { readonly kind: "truncate"; readonly table: TableSchema }
  | { readonly kind: "read"; readonly table: TableSchema; readonly key: readonly string[] }
  /** Who does what follows in this transaction, and why. */
  | { readonly kind: "actor"; readonly actor: string | null; readonly purpose: string | null };

export interface TransactionStart {
  /** Position of the commit. */
  readonly lsn: bigint;
  /** 64-bit transaction id. */
  readonly xid: bigint;
  /** Commit time, microseconds since 1970. */
  readonly time: number;
}

/** An update takes two places of its transaction, whether its row moves (delete and create) or stays. */
export const UPDATE_ORDINALS = 2;

/** What a stream tells, synchronously and in order. An exception ends the stream with that error. */
export interface StreamHandler {
  begin(start: TransactionStart): void;
  change(change: Change): void;
  /** The transaction is complete; acknowledging `end` says that it and all before it are final. */
  commit(end: bigint): void;
  /** Nothing is under way, and everything before `position` has been delivered. */
  idle(position: bigint): void;
  /** A marker that a verifier put into the log; delivered inside its transaction, before `commit`. */
  barrier(token: string): void;
  /** Rows of a table are about to come with other columns than `tables` said: the table as it was when they were written. */
  layout?(table: TableSchema): void;
  /** The catalog may have changed before this position, which is not passed yet: from a source whose log tells that. */
  catalogChanged?(position: bigint): void;
  /**
   * Something was ignored that an operator may want to know (counted, never fatal). It takes `ordinals` places of its
   * transaction all the same: which tables are captured may change before the transaction is delivered again.
   */
  ignored?(what: "malformed-message" | "unknown-table", ordinals: number): void;
}

/** Answers of a running stream; `done` settles when it has ended. */
export interface Stream {
  readonly done: Promise<void>;
  /** Stop or go on reading: the back-pressure of the pipeline. Feedback is kept alive meanwhile. */
  pause(): void;
  resume(): void;
  /** Everything before `position` is final. Told to the source at the next feedback. */
  acknowledge(position: bigint): void;
}

export interface SourceLife {
  /** 8 bytes: one life of the source. Another one means that positions do not compare. */
  readonly incarnation: Uint8Array;
  /**
   * Lives that this one has grown out of (a fail-over): before `end`, the log of each is this life's log as well, and
   * positions before it mean the same.
   */
  readonly ancestors?: readonly { readonly incarnation: Uint8Array; readonly end: bigint }[];
  /** End of the source's own log: a source whose log ends before an acknowledged position was put back. */
  readonly end: bigint;
  /** Where the source would go on delivering; undefined = it remembers no position (never captured, or lost). */
  readonly resumeAt: bigint | undefined;
}

/** What the source keeps of its own log because of our position. */
export interface Retention {
  readonly bytes: number;
  /** Bytes that may still be written before the source gives our position up by itself; undefined = it never does. */
  readonly left: number | undefined;
}

/** All rows at one moment. */
export interface Snapshot {
  /** Transactions with a commit position at or after this one are not in the snapshot; all others are. */
  readonly position: bigint;
  /** Time of the snapshot, microseconds since 1970. */
  readonly time: number;
  /**
   * Row bytes of every row of a table, one after the other, in bounded memory. Views, valid until the handler returns;
   * a promise returned by the handler stops the reading until it settles.
   */
  rows(table: TableSchema, onRow: (row: Bytes) => void | Promise<void>, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** What to read of a table beside the stream. */
export interface SliceRequest {
  /** Where to go on: what the slice before called `next`. Absent: from the beginning. */
  readonly from?: string;
  /** About how many rows. Absent: all, in one slice, each row once. */
  readonly rows?: number;
  /** Only the row with this key: texts of the key columns, in key order. */
  readonly key?: readonly string[];
  /** Fields to append to each row: a column's value in another type, or NULL where that would lose anything. */
  readonly casts?: readonly { readonly from: number; readonly type: string }[];
}

/** Rows of one table as of one moment, which can be told in the stream. */
export interface Slice {
  readonly visibility: Visibility;
  /** A transaction that began after the moment: whoever sees it sees all that the slice sees. */
  readonly xid: bigint;
  /** A marker that was put into the source's log after the moment: the stream delivers it as a barrier. */
  readonly token: string;
  /** A position in the source's log at or after the marker. */
  readonly position: bigint;
  /** Microseconds since 1970. */
  readonly time: number;
  /** Where the next slice begins; undefined: this is the last one. */
  readonly next: string | undefined;
  /** As `Snapshot.rows`. */
  rows(onRow: (row: Bytes) => void | Promise<void>, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** Reads tables while the stream goes on, in short transactions. One slice is open at a time. */
export interface Beside {
  /**
   * A fingerprint of everything that `Source.tables` rests on. When it has changed, that has to be asked again: columns, keys,
   * names, or what is sent may have changed. `position`: in the source's log, at or before the look. Asked every few seconds and
   * for each verifier, also while a slice is open.
   */
  fingerprint(): Promise<{ readonly text: string; readonly position: bigint }>;
  /**
   * Undefined when the table is gone, or its columns or key are not those of `table` any more.
   * @throws AnamnesisError `capture/timeout` when the table is locked for long, `capture/malformed-key`,
   *   `capture/cast-refused` when the source cannot read the casts.
   */
  open(table: TableSchema, request: SliceRequest): Promise<Slice | undefined>;
  /** About how much room the rows of a table take up, 0 when it never had any. Absent: nothing depends on it. */
  bytes?(table: TableSchema): Promise<number>;
  close(): Promise<void>;
}

/** What a source sees and what it cannot see, in sentences for people. */
export interface SourceDescription {
  readonly product: string;
  readonly sees: readonly string[];
  readonly cannotSee: readonly string[];
}

export interface Source {
  describe(): SourceDescription;
  life(): Promise<SourceLife>;
  /** How much of its log it keeps for us; absent where it keeps its log by other rules. Called while a stream runs. */
  retention?(): Promise<Retention | undefined>;
  /** The tables that are captured, made ready (for PostgreSQL: published). Refused ones are left out. */
  tables(): Promise<readonly TableSchema[]>;
  /** Makes the source remember a position from now on and shows all rows as of exactly that position. */
  begin(signal: AbortSignal): Promise<Snapshot>;
  /** All rows as of a later position, for tables that have no baseline yet. */
  snapshot(signal: AbortSignal): Promise<Snapshot>;
  /**
   * Opens connections of their own. Absent: tables that have no baseline get it from `snapshot`, changes of the catalog are
   * noticed only when a session begins, and no rows are gone through again.
   */
  beside?(): Promise<Beside>;
  /** Forgets the remembered position: the next `begin` starts anew. */
  forget(): Promise<void>;
  /**
   * Streams from the remembered position until the signal aborts (then `done` resolves) or an error (then it rejects).
   * `until`: ends by itself once everything before that position was delivered.
   */
  stream(handler: StreamHandler, options: { readonly signal: AbortSignal; readonly until?: bigint }): Promise<Stream>;
  close(): Promise<void>;
}
