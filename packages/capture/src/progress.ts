/**
 * Notes of capture that must survive it: which life of the source it follows, up to where it acknowledged, which tables
 * have their baseline. Written with fsync before every acknowledgement: a slot found ahead of the note was moved by
 * somebody else. Other processes read it to know how far the ledger is.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Position } from "@anamnesis/contracts";
import { fromHex, toHex } from "@anamnesis/core";
import { ERASURES_SQL, type ErasureRequests, SqliteErasureRequests } from "./erasure/requests.ts";
import { captureError } from "./errors.ts";
import type { RetentionLevel, RetentionState } from "./limits/retention.ts";
import { inTransaction, onDisk } from "./local-store.ts";
import { REQUESTS_SQL, type Requests, SqliteRequests } from "./requests.ts";
import { SqliteTableNotes, TABLE_NOTES_SQL, type TableNotes } from "./table-notes.ts";

/** A life of the source: `base` as the source names it, `incarnation` as the ledger does (they differ after a restore). */
export interface LifeNote {
  readonly base: Uint8Array;
  readonly incarnation: Uint8Array;
}

export interface Progress {
  life(): LifeNote | undefined;
  setLife(note: LifeNote): void;
  /** Everything before it is final and indexed, and may have been acknowledged to the source. */
  passed(): bigint | undefined;
  /**
   * Durable when it returns. `final`: the newest event that was final then; a ledger that does not reach it was put back
   * behind this note, which is worth nothing then.
   */
  setPassed(position: bigint, final: Position): void;
  final(): Position | undefined;
  /** Tables whose baseline is complete, as hexadecimal handles. */
  baselined(): ReadonlySet<string>;
  addBaselined(handles: Iterable<string>): void;
  /** What the source kept of its log for us when capture looked last; only kept up to date while it is too much. */
  retention(): RetentionState | undefined;
  setRetention(state: RetentionState): void;
  /** Makes one transaction of all that `work` notes: one wait for the disk instead of many. */
  together<T>(work: () => T): T;
  /** Forgets everything: for a source of which the ledger knows nothing. */
  reset(): void;
  /** Notes that verifiers' markers were passed; only the newest 1,000 are kept. */
  passBarrier(...tokens: readonly string[]): void;
  barrierPassed(token: string): boolean;
  /** Everything that changed in the source's catalog before it is noted: what is pending, and which names hold. */
  looked(): bigint | undefined;
  setLooked(position: bigint): void;
  /** The source's log told of a change of its catalog before this position: whoever compares waits until that was looked at. */
  catalogChanged(): bigint | undefined;
  setCatalogChanged(position: bigint): void;
  /** Why an operator says that the next gap comes about: a code for the ledger. */
  reason(): string | undefined;
  /** Undefined: it was said. */
  setReason(code: string | undefined): void;
  readonly tables: TableNotes;
  readonly requests: Requests;
  readonly erasures: ErasureRequests;
  close(): void;
}

const BARRIERS_MAX = 1_000;
const LEVELS = { fine: true, warn: true, "give-up": true } satisfies Record<RetentionLevel, true>;

/** @throws AnamnesisError `capture/damaged-store`. */
export function openProgress(path: string, { readOnly = false } = {}): Progress {
  try {
    return new SqliteProgress(new DatabaseSync(path, { readOnly, timeout: 10_000 }), readOnly);
  } catch (cause) {
    throw captureError("capture/damaged-store", "the progress file cannot be opened: delete it", {}, { cause });
  }
}

class SqliteProgress implements Progress {
  readonly tables: TableNotes;
  readonly requests: Requests;
  readonly erasures: ErasureRequests;
  readonly #db: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync | undefined;

  constructor(db: DatabaseSync, readOnly: boolean) {
    this.#db = db;
    if (!readOnly) {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
      db.exec("CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID");
      db.exec("CREATE TABLE IF NOT EXISTS baselined (handle TEXT PRIMARY KEY) STRICT, WITHOUT ROWID");
      db.exec("CREATE TABLE IF NOT EXISTS barrier (id INTEGER PRIMARY KEY, token TEXT NOT NULL) STRICT");
      db.exec(TABLE_NOTES_SQL + REQUESTS_SQL + ERASURES_SQL);
    }
    this.tables = new SqliteTableNotes(db);
    this.requests = new SqliteRequests(db);
    this.erasures = new SqliteErasureRequests(db);
    this.#get = db.prepare("SELECT value FROM note WHERE key = ?");
    this.#put = readOnly
      ? undefined
      : db.prepare(
          "INSERT INTO note (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
  }

  life(): LifeNote | undefined {
    const text = this.#read("life");
    const [base, incarnation] = text?.split("/") ?? [];
    if (base === undefined || incarnation === undefined) return undefined;
    return { base: fromHex(base), incarnation: fromHex(incarnation) };
  }

  setLife({ base, incarnation }: LifeNote): void {
    onDisk(() => this.#put?.run("life", `${toHex(base)}/${toHex(incarnation)}`));
  }

  passed(): bigint | undefined {
    const [passed] = this.#read("passed")?.split(" ") ?? [];
    return passed === undefined ? undefined : BigInt(passed);
  }

  final(): Position | undefined {
    const [, lsn, ordinal] = this.#read("passed")?.split(" ") ?? [];
    return lsn === undefined || ordinal === undefined ? undefined : { lsn: BigInt(lsn), ordinal: Number(ordinal) };
  }

  setPassed(position: bigint, final: Position): void {
    onDisk(() => this.#put?.run("passed", `${position} ${final.lsn} ${final.ordinal}`));
  }

  baselined(): ReadonlySet<string> {
    return new Set(
      this.#db
        .prepare("SELECT handle FROM baselined")
        .all()
        .map((row) => String(row["handle"])),
    );
  }

  retention(): RetentionState | undefined {
    const [level, bytes, left] = this.#read("retention")?.split(" ") ?? [];
    if (level === undefined || !(level in LEVELS)) return undefined;
    return { level: level as RetentionLevel, bytes: Number(bytes), left: left === "-" ? undefined : Number(left) };
  }

  setRetention({ level, bytes, left }: RetentionState): void {
    onDisk(() => this.#put?.run("retention", `${level} ${bytes} ${left ?? "-"}`));
  }

  addBaselined(handles: Iterable<string>): void {
    const insert = this.#db.prepare("INSERT INTO baselined (handle) VALUES (?) ON CONFLICT DO NOTHING");
    inTransaction(this.#db, () => {
      for (const handle of handles) insert.run(handle);
    });
  }

  together<T>(work: () => T): T {
    return inTransaction(this.#db, work);
  }

  reset(): void {
    this.#db.exec(
      "DELETE FROM note; DELETE FROM baselined; DELETE FROM barrier; DELETE FROM met; DELETE FROM through; DELETE FROM pending",
    );
  }

  passBarrier(...tokens: readonly string[]): void {
    const insert = this.#db.prepare("INSERT INTO barrier (token) VALUES (?)");
    inTransaction(this.#db, () => {
      for (const token of tokens.slice(-BARRIERS_MAX)) insert.run(token);
      this.#db.prepare("DELETE FROM barrier WHERE id <= (SELECT max(id) FROM barrier) - ?").run(BARRIERS_MAX);
    });
  }

  barrierPassed(token: string): boolean {
    return this.#db.prepare("SELECT 1 FROM barrier WHERE token = ?").get(token) !== undefined;
  }

  looked(): bigint | undefined {
    const text = this.#read("looked");
    return text === undefined ? undefined : BigInt(text);
  }

  reason(): string | undefined {
    return this.#read("reason");
  }

  setReason(code: string | undefined): void {
    if (code === undefined) onDisk(() => this.#db.exec("DELETE FROM note WHERE key = 'reason'"));
    else onDisk(() => this.#put?.run("reason", code));
  }

  setLooked(position: bigint): void {
    onDisk(() => this.#put?.run("looked", String(position)));
  }

  catalogChanged(): bigint | undefined {
    const text = this.#read("catalog-changed");
    return text === undefined ? undefined : BigInt(text);
  }

  setCatalogChanged(position: bigint): void {
    onDisk(() => this.#put?.run("catalog-changed", String(position)));
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #read(key: string): string | undefined {
    const value = this.#get.get(key)?.["value"];
    return typeof value === "string" ? value : undefined;
  }
}

/**
 * Waits until capture, in this process or another, has passed a verifier's marker: its token was seen, or everything
 * before `position` has become final meanwhile. @throws AnamnesisError `capture/timeout` or `capture/stopped`.
 */
export async function waitForBarrier(
  progress: Progress,
  token: string,
  position: bigint,
  options: WaitOptions = {},
): Promise<void> {
  const limit = deadlineOf(options);
  // A note that is past the marker already is of a former life of the source, whose positions were higher: the marker
  // was only just written. If capture did pass it, then its token was seen, or the note moves on.
  const stale = hasPassed(progress, position) ? progress.passed() : undefined;
  while (!progress.barrierPassed(token) && (!hasPassed(progress, position) || progress.passed() === stale)) {
    await limit();
  }
  // What has changed in the catalog before the marker is noted as well; a source that has none says nothing of it.
  while ((progress.looked() ?? position) < position) await limit();
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

const POLL_MS_MAX = 25;

/** Waits a moment at each call, a longer one each time, until the time is over. */
function deadlineOf({ signal, deadlineMs = 60_000 }: WaitOptions): () => Promise<void> {
  const deadline = performance.now() + deadlineMs;
  let pauseMs = 1;
  return async () => {
    if (signal?.aborted === true) throw captureError("capture/stopped", "stopped while waiting for capture");
    if (performance.now() > deadline) {
      throw captureError("capture/timeout", "capture did not catch up in time: is it running?", { deadlineMs });
    }
    await sleep(pauseMs);
    pauseMs = Math.min(2 * pauseMs, POLL_MS_MAX);
  };
}

/**
 * The same for a source without markers: waits until capture has passed `end()`. A note that is ahead of the source is of a
 * former life: then it is waited for until capture has noticed that the source was put back.
 */
export async function waitForPosition(
  progress: Progress,
  end: () => Promise<bigint>,
  options: WaitOptions = {},
): Promise<void> {
  const limit = deadlineOf(options);
  const position = await end();
  for (;;) {
    const passed = progress.passed() ?? 0n;
    if (hasPassed(progress, position) && (passed <= position || passed <= (await end()))) break;
    await limit();
  }
  // One of a former life, whose positions were higher, is none.
  const changed = progress.catalogChanged() ?? 0n;
  while (changed <= position && (progress.looked() ?? changed) < changed) await limit();
}

/** While the first baseline is under way, the noted position is where the stream will begin, not what is final. */
function hasPassed(progress: Progress, position: bigint): boolean {
  return (progress.final()?.lsn ?? 0n) > 0n && (progress.passed() ?? -1n) >= position;
}
