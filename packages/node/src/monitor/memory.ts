/** What a monitor has seen: one line of checkpoints that continue each other, how far each address ever was, and its alarms. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { SignedCheckpoint } from "@anamnesis/ledger";
import { explainFile, nodeError } from "../errors.ts";
import type { Alarm, AlarmKind } from "./alarm.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS seen (
  size INTEGER PRIMARY KEY, root BLOB NOT NULL, note TEXT NOT NULL, origin TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS face (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS alarm (
  kind TEXT NOT NULL, face TEXT NOT NULL, size INTEGER NOT NULL, against INTEGER NOT NULL, at INTEGER NOT NULL, evidence TEXT
) STRICT`;
/** Checkpoints kept; of more, every second of the older ones goes. */
const SEEN_MAX = 50_000;
const ALARMS_MAX = 1000;

export class MonitorMemory {
  readonly #db: DatabaseSync;
  readonly #at: StatementSync;
  readonly #below: StatementSync;
  readonly #above: StatementSync;
  readonly #newest: StatementSync;

  /** Makes the file when it is missing. @throws AnamnesisError `node/damaged-memory`, `node/no-access`, `node/disk-full` */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path, { timeout: 10_000 });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#db.exec(SCHEMA);
      const from = "SELECT size, root, note, origin FROM seen";
      this.#at = this.#db.prepare(`${from} WHERE size = ?`);
      this.#below = this.#db.prepare(`${from} WHERE size < ? ORDER BY size DESC LIMIT 1`);
      this.#above = this.#db.prepare(`${from} WHERE size > ? ORDER BY size LIMIT 1`);
      this.#newest = this.#db.prepare(`${from} ORDER BY size DESC LIMIT 1`);
    } catch (cause) {
      const file = explainFile(cause, "the monitor's folder cannot be used");
      if (file !== cause) throw file;
      const message = "what a witness or monitor remembers cannot be read: restore the folder from a copy";
      throw nodeError("node/damaged-memory", message, {}, cause);
    }
  }

  /** The checkpoint of that size, the nearest smaller and the nearest larger one, and the largest of all. */
  at = (size: number): SignedCheckpoint | undefined => checkpointOf(this.#at.get(size));
  below = (size: number): SignedCheckpoint | undefined => checkpointOf(this.#below.get(size));
  above = (size: number): SignedCheckpoint | undefined => checkpointOf(this.#above.get(size));
  newest = (): SignedCheckpoint | undefined => checkpointOf(this.#newest.get());

  /**
   * Durable when it returns. The caller has shown that it continues those below and is continued by those above. Of the same checkpoint
   * the note with more signatures stays, and of as many the newer one: its cosignatures say more.
   */
  add({ size, root, note, origin }: SignedCheckpoint, at: number): void {
    const better = "UPDATE SET note = excluded.note WHERE length(excluded.note) >= length(note)";
    this.#db
      .prepare(`INSERT INTO seen (size, root, note, origin, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (size) DO ${better}`)
      .run(...[size, root, note, origin, at]);
    const count = Number(this.#db.prepare("SELECT count(*) AS n FROM seen").get()?.["n"]);
    if (count > SEEN_MAX) this.#thin();
  }

  #thin(): void {
    const newest = this.newest()?.size ?? 0;
    const ranked = "SELECT size, row_number() OVER (ORDER BY size) AS place FROM seen";
    const every = `SELECT size FROM (${ranked}) WHERE place % 2 = 0`;
    this.#db.prepare(`DELETE FROM seen WHERE size IN (${every}) AND size <> ?`).run(newest);
  }

  /** The largest size that this address ever showed. */
  shown(face: string): number {
    return Number(this.#db.prepare("SELECT size FROM face WHERE name = ?").get(face)?.["size"] ?? 0);
  }

  show(face: string, size: number): void {
    this.#db
      .prepare(
        "INSERT INTO face (name, size) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET size = max(size, excluded.size)",
      )
      .run(face, size);
  }

  alarms(): readonly Alarm[] {
    const rows = this.#db.prepare("SELECT kind, face, size, against, at, evidence FROM alarm ORDER BY rowid").all();
    return rows.map((row) => ({
      kind: String(row["kind"]) as AlarmKind,
      face: String(row["face"]),
      size: Number(row["size"]),
      against: Number(row["against"]),
      at: Number(row["at"]),
      evidence: typeof row["evidence"] === "string" ? row["evidence"] : null,
    }));
  }

  /** The oldest ones stay: they are what began it. */
  raise({ kind, face, size, against, at, evidence }: Alarm): void {
    const count = Number(this.#db.prepare("SELECT count(*) AS n FROM alarm").get()?.["n"]);
    if (count >= ALARMS_MAX) return;
    this.#db
      .prepare("INSERT INTO alarm (kind, face, size, against, at, evidence) VALUES (?, ?, ?, ?, ?, ?)")
      .run(kind, face, size, against, at, evidence);
  }

  close(): void {
    this.#db.close();
  }
}

function checkpointOf(row: Record<string, unknown> | undefined): SignedCheckpoint | undefined {
  if (row === undefined) return undefined;
  const { size, root, note, origin } = row;
  if (
    typeof size !== "number" ||
    !(root instanceof Uint8Array) ||
    typeof note !== "string" ||
    typeof origin !== "string"
  )
    throw nodeError("node/damaged-memory", "monitor.db cannot be understood: restore it from a copy");
  return { size, root: new Uint8Array(root), note, origin };
}
