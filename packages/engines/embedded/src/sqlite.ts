/**
 * The one place of `node:sqlite`: opening, statements, transactions, and the translation of SQLite's errors into ours.
 * Writers use WAL with `synchronous = FULL`: when COMMIT returns, the operating system has flushed the transaction.
 */
import { backup, DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { AnamnesisError } from "@anamnesis/core";
import { ledgerError } from "@anamnesis/ledger";

export type Row = Readonly<Record<string, SQLOutputValue>>;

const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};
/** SQLITE_IOERR with these extensions comes from reading: the file is shorter than it says, or the disk cannot read it. */
const READ_ERRORS = new Set([10 + 256, 10 + 2 * 256, 10 + 33 * 256, 10 + 34 * 256]);

/** Pages copied in one piece (256 KiB): the process does nothing else meanwhile. */
const COPIED_PAGES = 32;

export class Database {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** For the one process that writes. Creates the file when it is missing. */
  static writer(file: string): Database {
    return guarded(() => {
      const db = new DatabaseSync(file, { timeout: 5000 });
      // Larger pages than SQLite's default: tiles and bundles are long rows.
      db.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      // 16 MiB of pages: a block that changes a thousand scattered keys writes about as many.
      db.exec("PRAGMA cache_size = -16384");
      db.exec("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cell_size_check = ON");
      return new Database(db);
    });
  }

  static reader(file: string): Database {
    return guarded(() => {
      const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
      db.exec("PRAGMA cell_size_check = ON");
      return new Database(db);
    });
  }

  exec(sql: string): void {
    guarded(() => this.#db.exec(sql));
  }

  prepare(sql: string): Statement {
    return guarded(() => new Statement(this.#db.prepare(sql)));
  }

  /** All or nothing. When COMMIT fails, nothing of it is seen by anybody. */
  transaction(work: () => void): void {
    this.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.exec("COMMIT");
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Several reads of one moment, also while another process writes. */
  snapshot<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    this.exec("BEGIN");
    try {
      return work();
    } finally {
      this.#rollback();
    }
  }

  /** A snapshot that lasts until the returned function is called. */
  hold(): () => void {
    this.exec("BEGIN");
    return () => this.#rollback();
  }

  /**
   * Copies the whole database into a new file, as of the snapshot that is held (`hold`): whoever writes meanwhile goes on.
   * @param onPages called between two pieces; what it throws ends the copy and leaves a file that is none
   */
  async copyTo(file: string, onPages: (done: number, total: number) => void): Promise<void> {
    try {
      await backup(this.#db, file, {
        rate: COPIED_PAGES,
        progress: ({ totalPages, remainingPages }) => onPages(totalPages - remainingPages, totalPages),
      });
    } catch (error) {
      throw translate(error);
    }
  }

  close(): void {
    if (this.#db.isOpen) guarded(() => this.#db.close());
  }

  #rollback(): void {
    // SQLite ends the transaction by itself on some errors (a full disk, for one).
    if (this.#db.isOpen && this.#db.isTransaction) this.exec("ROLLBACK");
  }
}

export class Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: SQLInputValue[]): void {
    guarded(() => this.#statement.run(...values));
  }

  get(...values: SQLInputValue[]): Row | undefined {
    return guarded(() => this.#statement.get(...values));
  }

  *iterate(...values: SQLInputValue[]): Generator<Row> {
    const rows = guarded(() => this.#statement.iterate(...values));
    for (let next = guarded(() => rows.next()); next.done !== true; next = guarded(() => rows.next())) yield next.value;
  }
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged(`column ${column} holds no unsigned integer`);
}

export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw damaged(`column ${column} holds no bytes`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw damaged(`column ${column} holds no text`);
}

export function damaged(why: string, details: Readonly<Record<string, string | number>> = {}, cause?: unknown) {
  const message = `the ledger's store is damaged (${why}): nothing is served from it; restore it from a copy`;
  return ledgerError("ledger/damaged-store", message, details, { cause });
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): unknown {
  if (error instanceof AnamnesisError || !(error instanceof Error)) return error;
  if ("code" in error && error.code === "ERR_OUT_OF_RANGE") return damaged("a number is out of range", {}, error);
  if (!("errcode" in error) || typeof error.errcode !== "number") return error;
  const extended = error.errcode;
  const details = { sqlite: extended };
  switch (extended & 0xff) {
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return damaged("SQLite cannot read it", details, error);
    case SQLITE.full:
      return ledgerError("ledger/disk-full", "no space left for the ledger: free some and submit again", details);
    case SQLITE.ioError:
      if (READ_ERRORS.has(extended)) return damaged("its file cannot be read whole", details, error);
      return ledgerError("ledger/disk-full", "the disk refuses to write the ledger: free space or check it", details);
    case SQLITE.busy:
    case SQLITE.locked:
      return ledgerError("ledger/locked", "another process works on this ledger: stop it first", details);
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return ledgerError("ledger/no-ledger", "the ledger's file cannot be opened: check folder and rights", details);
    default:
      // A statement of ours that fails although the file is sound finds a schema that is not ours.
      return damaged(`SQLite says: ${error.message}`, details, error);
  }
}
