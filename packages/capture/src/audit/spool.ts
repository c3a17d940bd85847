/**
 * What was read in the log and is not yet final on the ledger. One transaction keeps the accesses, the windows that they
 * opened and the places in the files up to which these come from; so each line of the log counts once, wherever a crash
 * falls, and the log may rotate away behind us. Before accesses are sealed, it is written down at which positions: the
 * ledger's own position then tells after a crash which of them became final.
 */
import { DatabaseSync } from "node:sqlite";
import { comparePositions, type Position } from "@anamnesis/contracts";
import { captureError } from "../errors.ts";
import { inTransaction } from "../local-store.ts";
import type { Extent } from "./access.ts";
import type { Access } from "./feed.ts";

/** Up to where a file of the log was read. `identity`: fingerprint of its first line, which stays when it is renamed. */
export interface FilePlace {
  readonly identity: string;
  readonly offset: number;
  /** Order of the files: the first line's time as written. */
  readonly began: string;
}

export interface Spooled extends Access {
  readonly id: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS place (identity TEXT PRIMARY KEY, "offset" INTEGER NOT NULL, began TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS access (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, "table" TEXT, extent TEXT NOT NULL,
  actor TEXT, purpose TEXT) STRICT;
CREATE TABLE IF NOT EXISTS sent (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, lsn TEXT NOT NULL, ordinal INTEGER NOT NULL) STRICT;
`;

const VERSION = 1;

interface Sent {
  readonly first: number;
  readonly count: number;
  /** Of the first of them. */
  readonly lsn: bigint;
  readonly ordinal: number;
}

export class Spool {
  readonly #db: DatabaseSync;

  /** @throws AnamnesisError `capture/damaged-store`. */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path, { timeout: 10_000 });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
      this.#db.exec(SCHEMA);
    } catch (cause) {
      throw captureError("capture/damaged-store", "the store of reads cannot be opened: delete it", {}, { cause });
    }
  }

  /** Nothing was ever kept in it. */
  get isNew(): boolean {
    return this.#db.prepare("PRAGMA user_version").get()?.["user_version"] === 0;
  }

  places(): readonly FilePlace[] {
    return this.#db
      .prepare(`SELECT identity, "offset", began FROM place ORDER BY began, identity`)
      .all()
      .map((row) => ({
        identity: String(row["identity"]),
        offset: Number(row["offset"]),
        began: String(row["began"]),
      }));
  }

  windows(): readonly (readonly [string, number])[] {
    const rows = this.#db.prepare("SELECT key, until FROM seen ORDER BY until").all();
    return rows.map((row) => [String(row["key"]), Number(row["until"])]);
  }

  /** Durable when it returns; gives the newest id if any was added. `now`: time of the newest line; windows that ended an hour before it are dropped. */
  append(more: {
    readonly accesses: readonly Access[];
    readonly windows: readonly (readonly [string, number])[];
    readonly places: readonly FilePlace[];
    readonly now: number;
  }): number | undefined {
    return inTransaction(this.#db, () => {
      const access = this.#db.prepare(
        `INSERT INTO access (time, "table", extent, actor, purpose) VALUES (?, ?, ?, ?, ?)`,
      );
      let newest: number | undefined;
      for (const a of more.accesses) {
        newest = Number(access.run(a.time, a.table, JSON.stringify(a.extent), a.actor, a.purpose).lastInsertRowid);
      }
      const seen = this.#db.prepare("INSERT OR REPLACE INTO seen VALUES (?, ?)");
      for (const [key, until] of more.windows) seen.run(key, until);
      if (more.windows.length > 0) this.#db.prepare("DELETE FROM seen WHERE until < ?").run(more.now - WINDOWS_KEPT_US);
      const place = this.#db.prepare("INSERT OR REPLACE INTO place VALUES (?, ?, ?)");
      for (const p of more.places) place.run(p.identity, p.offset, p.began);
      this.#db.exec(`PRAGMA user_version = ${VERSION}`);
      return newest;
    });
  }

  /** Files that are gone. */
  forget(identities: readonly string[]): void {
    if (identities.length === 0) return;
    inTransaction(this.#db, () => {
      const drop = this.#db.prepare("DELETE FROM place WHERE identity = ?");
      for (const identity of identities) drop.run(identity);
    });
  }

  /** Accesses after `id`, oldest first. */
  after(id: number, max: number): readonly Spooled[] {
    const rows = this.#db.prepare("SELECT * FROM access WHERE id > ? ORDER BY id LIMIT ?").all(id, max);
    return rows.map((row) => ({
      id: Number(row["id"]),
      time: Number(row["time"]),
      table: row["table"] === null ? null : String(row["table"]),
      extent: JSON.parse(String(row["extent"])) as Extent,
      actor: row["actor"] === null ? null : String(row["actor"]),
      purpose: row["purpose"] === null ? null : String(row["purpose"]),
    }));
  }

  /** The newest id ever given; 0 = none. */
  newest(): number {
    return Number(this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'access'").get()?.["seq"] ?? 0);
  }

  /** Forgets all windows. */
  forgetWindows(): void {
    inTransaction(this.#db, () => this.#db.exec("DELETE FROM seen"));
  }

  /** The oldest access that is not final yet. */
  oldest(): number | undefined {
    const oldest = this.#db.prepare("SELECT min(id) AS id FROM access").get()?.["id"];
    return typeof oldest === "number" ? oldest : undefined;
  }

  /** These are about to be sealed, the first at `at`, the others at the ordinals behind it. Durable when it returns. */
  sending(ids: readonly number[], at: Position): void {
    const [first] = ids;
    if (first === undefined) return;
    inTransaction(this.#db, () => {
      this.#db.prepare("INSERT INTO sent VALUES (?, ?, ?, ?)").run(first, ids.length, String(at.lsn), at.ordinal);
    });
  }

  /** What was sealed at positions up to `known` is final and dropped. */
  final(known: Position): void {
    const over = this.#sent().filter(
      (s) => comparePositions({ lsn: s.lsn, ordinal: s.ordinal + s.count - 1 }, known) <= 0,
    );
    if (over.length === 0) return;
    inTransaction(this.#db, () => {
      for (const s of over) this.#drop(s, s.count);
    });
  }

  /** A new beginning: what was sealed up to `known` is final, everything else is not, and was sealed for nothing. */
  settle(known: Position): void {
    inTransaction(this.#db, () => {
      for (const s of this.#sent()) {
        const reached = known.lsn > s.lsn ? s.count : known.lsn < s.lsn ? 0 : known.ordinal - s.ordinal + 1;
        this.#drop(s, Math.min(Math.max(reached, 0), s.count));
      }
      this.#db.exec("DELETE FROM sent");
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** The first `count` of what was sent together. Ids of one batch need not follow each other. */
  #drop(s: Sent, count: number): void {
    const sql = "DELETE FROM access WHERE id IN (SELECT id FROM access WHERE id >= ? ORDER BY id LIMIT ?)";
    this.#db.prepare(sql).run(s.first, count);
    this.#db.prepare("DELETE FROM sent WHERE first = ?").run(s.first);
  }

  #sent(): readonly Sent[] {
    const rows = this.#db.prepare("SELECT * FROM sent ORDER BY first").all();
    return rows.map((row) => ({
      first: Number(row["first"]),
      count: Number(row["count"]),
      lsn: BigInt(String(row["lsn"])),
      ordinal: Number(row["ordinal"]),
    }));
  }
}

const WINDOWS_KEPT_US = 3_600_000_000;
