/** Keys and values in one table, each block a flushed transaction: no tree, no log, no signatures. */
import { DatabaseSync, type StatementSync } from "node:sqlite";

export class PlainTable {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#db.exec("PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000");
    this.#db.exec("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID");
    this.#put = this.#db.prepare("INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  }

  /** @returns milliseconds */
  write(keys: readonly string[], value: Uint8Array): number {
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
