/** A witness's memory in one SQLite file: every replacement is flushed to the disk before it is answered. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { equal } from "@anamnesis/core";
import type { WitnessedTree, WitnessStore } from "@anamnesis/ledger";
import { explainFile, nodeError } from "./errors.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS tree (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note TEXT NOT NULL
) STRICT`;
/** Another process of the same witness may hold the file for a moment. */
const BUSY_MS = 10_000;

type Row = Record<string, unknown> | undefined;

export class SqliteWitnessStore implements WitnessStore {
  readonly #db: DatabaseSync;
  readonly #latest: StatementSync;
  readonly #put: StatementSync;

  /** Makes the file when it is missing. @throws AnamnesisError `node/damaged-memory`, `node/no-access`, `node/disk-full` */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path, { timeout: BUSY_MS });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#db.exec(SCHEMA);
      this.#latest = this.#db.prepare("SELECT size, root, time, note FROM tree WHERE origin = ?");
      this.#put = this.#db.prepare(
        "INSERT OR REPLACE INTO tree (origin, size, root, time, note) VALUES (?, ?, ?, ?, ?)",
      );
    } catch (cause) {
      throw damaged(cause);
    }
  }

  async latest(origin: string): Promise<WitnessedTree | undefined> {
    return treeOf(this.#latest.get(origin));
  }

  async replace(
    origin: string,
    before: Pick<WitnessedTree, "size" | "root"> | undefined,
    next: WitnessedTree,
  ): Promise<boolean> {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const now = treeOf(this.#latest.get(origin));
      const fits = sameTree(now, before);
      if (fits) this.#put.run(origin, next.size, next.root, next.time, next.note);
      this.#db.exec("COMMIT");
      return fits;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }
}

function sameTree(now: WitnessedTree | undefined, before: Pick<WitnessedTree, "size" | "root"> | undefined): boolean {
  if (now === undefined || before === undefined) return now === before;
  return now.size === before.size && equal(now.root, before.root);
}

function treeOf(row: Row): WitnessedTree | undefined {
  if (row === undefined) return undefined;
  const { size, root, time, note } = row;
  if (typeof size !== "number" || !(root instanceof Uint8Array) || typeof time !== "number" || typeof note !== "string")
    throw damaged();
  return { size, root: new Uint8Array(root), time, note };
}

function damaged(cause?: unknown) {
  const file = explainFile(cause, "the file cannot be used");
  if (file !== cause) return file;
  const message = "what a witness or monitor remembers cannot be read: restore the folder from a copy";
  return nodeError("node/damaged-memory", message, {}, cause);
}
