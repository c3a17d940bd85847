/**
 * Promises of a log (spec/log.md, "Promise") that are not settled yet, in one small SQLite file: those that an orderer gave, each with
 * its transaction, so that a crash in between breaks none; and those that a follower was given, so that none is forgotten.
 */
import { DatabaseSync } from "node:sqlite";
import { explainFile, nodeError } from "../errors.ts";

export interface OpenPromise {
  /** Transaction id. */
  readonly id: Uint8Array;
  /** Latest block time, ms since 1970. */
  readonly byMs: number;
  /** The signed promise, and the transaction as it travels; who was given a promise keeps no transaction. */
  readonly promise: Uint8Array;
  readonly transaction: Uint8Array;
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS promises (
  id BLOB PRIMARY KEY, by INTEGER NOT NULL, promise BLOB NOT NULL, tx BLOB NOT NULL
) STRICT`;
const BUSY_MS = 10_000;
/** So many wait at most: an orderer promises no more, a follower minds no more. */
const OPEN_PROMISES_MAX = 10_000;

export class PromiseStore {
  readonly #db: DatabaseSync;
  #count: number;

  /** Makes the file when it is missing. @throws AnamnesisError `node/no-access`, `node/disk-full`, `node/damaged-memory` */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path, { timeout: BUSY_MS });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#db.exec(SCHEMA);
      this.#count = Number(this.#db.prepare("SELECT count(*) AS n FROM promises").get()?.["n"]);
    } catch (cause) {
      const file = explainFile(cause, "the file of promises cannot be used");
      if (file !== cause) throw file;
      throw nodeError("node/damaged-memory", "promises.db cannot be read: restore it from a copy", {}, cause);
    }
  }

  /** Durable when it returns. @returns false when too many wait already */
  add({ id, byMs, promise, transaction }: OpenPromise): boolean {
    if (this.#count >= OPEN_PROMISES_MAX) return false;
    const put = this.#db.prepare("INSERT OR IGNORE INTO promises (id, by, promise, tx) VALUES (?, ?, ?, ?)");
    this.#count += Number(put.run(id, byMs, promise, transaction).changes);
    return true;
  }

  get(id: Uint8Array): OpenPromise | undefined {
    return this.#read("WHERE id = ?", id)[0];
  }

  /** Those that are to be kept before `ms`, in the order in which they came; all of them without it. */
  due(ms = Number.MAX_SAFE_INTEGER): readonly OpenPromise[] {
    return this.#count === 0 ? [] : this.#read("WHERE by < ? ORDER BY rowid", ms);
  }

  /** Not flushed: what a crash brings back, and what is left when the file is closed, is settled again at the next start. */
  delete(id: Uint8Array): void {
    if (!this.#db.isOpen) return;
    this.#db.exec("PRAGMA synchronous = NORMAL");
    this.#count -= Number(this.#db.prepare("DELETE FROM promises WHERE id = ?").run(id).changes);
    this.#db.exec("PRAGMA synchronous = FULL");
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #read(where: string, value: Uint8Array | number): OpenPromise[] {
    const rows = this.#db.prepare(`SELECT id, by, promise, tx FROM promises ${where}`).all(value);
    return rows.map(({ id, by, promise, tx }) => ({
      ...{ id: blob(id), byMs: Number(by), promise: blob(promise), transaction: blob(tx) },
    }));
  }
}

/** Of a plain buffer: what SQLite hands out is. */
const blob = (value: unknown): Uint8Array => (value instanceof Uint8Array ? new Uint8Array(value) : new Uint8Array(0));
