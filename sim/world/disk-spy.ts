/**
 * Sees what the engine asks of its disk. `node:sqlite` has no replaceable file system, so the calls are watched instead:
 * around every COMMIT and every write of a small file the folder can be copied, and at each COMMIT SQLite itself is asked
 * whether it flushed (`PRAGMA synchronous`). From this `images.ts` makes what a power cut may leave.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Files, readFolder } from "./files.ts";

/** The folder as it lay after one operation; the label says which. */
export interface Moment {
  readonly label: string;
  readonly files: Files;
}

/** In WAL mode only FULL (2) and EXTRA (3) flush at COMMIT. */
const FULL = 2;

export interface Knobs {
  /** Pages in the WAL after which SQLite writes back: few, so that it happens often. */
  readonly walPages: number;
}

export class DiskSpy {
  readonly #knobs: Knobs;
  #folder = "";
  #moments: Moment[] | undefined;
  /** The folder before the first COMMIT that was not flushed. */
  #unflushed: Files | undefined;
  #full = false;
  readonly #restore: (() => void)[] = [];

  constructor(knobs: Knobs) {
    this.#knobs = knobs;
  }

  /** From now on this folder is watched; what was not flushed in another is forgotten. */
  watch(folder: string): void {
    this.#folder = folder;
    this.#unflushed = undefined;
  }

  /** What a power cut now may fall back to, when something acknowledged was never flushed. */
  get unflushed(): Files | undefined {
    return this.#unflushed;
  }

  /** From now on COMMIT finds no space, as SQLite says it: the transaction is rolled back. */
  failCommits(full: boolean): void {
    this.#full = full;
  }

  record(): void {
    this.#moments = [{ label: "at rest", files: readFolder(this.#folder) }];
  }

  recorded(): readonly Moment[] {
    const moments = this.#moments ?? [];
    this.#moments = undefined;
    return moments;
  }

  install(): void {
    this.#spyOnSqlite();
    for (const name of ["writeFileSync", "renameSync", "rmSync"] as const) this.#spyOnFiles(name);
    syncBuiltinESMExports();
  }

  uninstall(): void {
    for (const undo of this.#restore.splice(0)) undo();
    syncBuiltinESMExports();
  }

  #note(label: string): void {
    this.#moments?.push({ label, files: readFolder(this.#folder) });
  }

  #spyOnSqlite(): void {
    const exec = DatabaseSync.prototype.exec;
    const { walPages } = this.#knobs;
    const watched = (db: DatabaseSync) => db.isOpen && dirname(db.location() ?? "") === this.#folder;
    const commit = (db: DatabaseSync, run: () => void): void => {
      if (this.#full) {
        exec.call(db, "ROLLBACK");
        throw Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
      }
      const before = flushes(db) || this.#unflushed !== undefined ? undefined : readFolder(this.#folder);
      run();
      this.#unflushed = flushes(db) ? undefined : (this.#unflushed ?? before);
      this.#note("COMMIT");
    };
    DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
      const text = sql.replace(/wal_autocheckpoint = \d+/, `wal_autocheckpoint = ${walPages}`);
      const run = () => exec.call(this, text);
      if (/^\s*(?:COMMIT|END)\b/i.test(sql) && watched(this)) commit(this, run);
      else run();
    };
    this.#restore.push(() => {
      DatabaseSync.prototype.exec = exec;
    });
  }

  #spyOnFiles(name: "writeFileSync" | "renameSync" | "rmSync"): void {
    const real = fs[name] as (...args: readonly unknown[]) => unknown;
    const spy = (...args: readonly unknown[]): unknown => {
      const result = real(...args);
      if (this.#moments !== undefined && dirname(String(args[0])) === this.#folder) this.#note(name);
      return result;
    };
    const table = fs as unknown as Record<string, unknown>;
    table[name] = spy;
    this.#restore.push(() => {
      table[name] = real;
    });
  }
}

function flushes(db: DatabaseSync): boolean {
  const level = db.prepare("PRAGMA synchronous").get()?.["synchronous"];
  return typeof level === "number" && level >= FULL;
}
