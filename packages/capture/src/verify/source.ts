/** What verification needs of a source: tables as one snapshot sees them, and a marker in the source's own log. */
import type { Visibility } from "../row-index.ts";
import type { TableSchema } from "../source.ts";

export interface VerifySource {
  /**
   * All tables of the source, also those that cannot be captured (identity `nothing`). Their columns may be a moment old.
   */
  tables(): Promise<readonly TableSchema[]>;

  /** The same tables, what the source sends of them, and what it can never send. */
  coverage(sourceName: string): Promise<SourceCoverage>;

  /**
   * Opens a snapshot for one table. Its columns are those of the snapshot, and until `close` nobody changes them or
   * empties the table beside the snapshot (TRUNCATE does not respect snapshots). Undefined when the table is gone.
   */
  open(table: TableSchema): Promise<TableSnapshot | undefined>;

  /**
   * Opens one snapshot for several tables, in their order. Undefined when that is not to be had at once: a table is gone, held
   * by somebody else, or they are too large to be kept together. Closing one of them closes all. Absent: never.
   */
  openSmall?(tables: readonly TableSchema[]): Promise<readonly TableSnapshot[] | undefined>;

  /**
   * Puts `token` into the source's log: after everything that an open snapshot sees. Returns a position at or after it.
   */
  barrier(token: string): Promise<bigint>;

  /**
   * Nothing is put into the source's log: `barrier` only says how far it goes, and passing that position is what counts.
   */
  readonly unmarked?: true;

  /** A position as people read it. Absent: as PostgreSQL writes an LSN. */
  formatPosition?(position: bigint): string;

  close(): Promise<void>;
}

/** Names of tables (`schema.table`). */
export interface SourceCoverage {
  readonly tables: readonly TableSchema[];
  /** Those whose writes the source sends to capture. */
  readonly published: ReadonlySet<string>;
  /** Those whose writes never reach the source's log. */
  readonly unlogged: ReadonlySet<string>;
}

/** Rows that came together: number i is `bytes[places[2i], places[2i + 1])`. Good until the handler returns. */
export interface Rows {
  readonly bytes: Uint8Array;
  readonly places: Int32Array;
  readonly count: number;
}

export type OnRows = (rows: Rows) => void;

export interface TableSnapshot {
  readonly table: TableSchema;
  readonly visibility: Visibility;
  /**
   * Row bytes of every row, or of the one with the given key (texts of the key columns, in key order).
   * Resolves with the number of rows.
   * @throws AnamnesisError `capture/malformed-key` when the key's texts are no values of the key columns' types
   */
  rows(onRows: OnRows, key?: readonly string[], signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}
