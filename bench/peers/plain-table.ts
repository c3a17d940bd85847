/** Keys and values in one table, each block a flushed transaction: no tree, no log, no signatures. */
import { DatabaseSync, type StatementSync } from "node:sqlite";

export class PlainTable {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  #writes = 0;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#db.exec("PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000");
    this.#db.exec("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID");
    this.#put = this.#db.prepare("INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  }

  /** A new value of 32 bytes for each of the keys: SQLite writes nothing where nothing changes. @returns milliseconds */
  write(keys: readonly string[]): number {
    const value = new Uint8Array(32).fill(++this.#writes & 0xff);
    const started = performance.now();
    this.#db.exec("BEGIN IMMEDIATE");
    for (const key of keys) this.#put.run(key, value);
    this.#db.exec("COMMIT");
    return performance.now() - started;
  }

  close(): void {
    this.#db.close();
  }
}
