/**
 * What was pushed and is not on the ledger yet: durable before the sender is told so, in the order of arrival, each change
 * once. Rows lie here in clear only until they are final; then they are deleted and overwritten.
 */
import { createHash, randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { captureError } from "../errors.ts";
import { inTransaction } from "../local-store.ts";
import type { PushedChange, PushedRow, RowChange } from "./envelope.ts";

export interface InboxEvent {
  /** Rises by one with each change that was taken in, from 1. */
  readonly sequence: number;
  readonly change: RowChange;
}

export interface PushedTable {
  readonly name: string;
  /** In the order of the row bytes. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

export interface Taken {
  readonly accepted: number;
  /** Delivered before, or older than what is known of the same row. */
  readonly duplicates: number;
}

/** Waiting changes at which the sender is asked to wait. */
const TABLES_MAX = 10_000;
const WAITING_MAX = 200_000;
/** Changes that are remembered in order to know them again. A sender that goes back further is not noticed. */
const REMEMBERED = 1_000_000;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS event (sequence INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS seen_sequence ON seen (sequence);
  CREATE TABLE IF NOT EXISTS newest (row BLOB PRIMARY KEY, place TEXT NOT NULL, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS newest_sequence ON newest (sequence);`;

export interface InboxOptions {
  readonly path: string;
  /** Key columns by table, for senders that do not send keys. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

export class Inbox {
  readonly #db: DatabaseSync;
  readonly #options: InboxOptions;
  readonly #insert: StatementSync;
  readonly #next: StatementSync;
  readonly #isSeen: StatementSync;
  readonly #see: StatementSync;
  readonly #newestOf: StatementSync;
  readonly #setNewest: StatementSync;
  readonly #putNote: StatementSync;
  readonly #remembered = new Map<string, string>();
  #listener: (() => void) | undefined;

  /** @throws AnamnesisError `capture/damaged-store` */
  constructor(options: InboxOptions) {
    this.#options = options;
    try {
      this.#db = new DatabaseSync(options.path, { timeout: 10_000 });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
      this.#db.exec(SCHEMA);
      this.#insert = this.#db.prepare("INSERT INTO event (body) VALUES (?)");
      this.#isSeen = this.#db.prepare("SELECT 1 FROM seen WHERE id = ?");
      this.#see = this.#db.prepare("INSERT INTO seen (id, sequence) VALUES (?, ?)");
      this.#newestOf = this.#db.prepare("SELECT place FROM newest WHERE row = ?");
      this.#setNewest = this.#db.prepare(
        "INSERT INTO newest (row, place, sequence) VALUES (?, ?, ?) " +
          "ON CONFLICT (row) DO UPDATE SET place = excluded.place, sequence = excluded.sequence",
      );
      this.#putNote = this.#db.prepare(
        "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      );
      this.#next = this.#db.prepare("SELECT sequence, body FROM event WHERE sequence >= ? ORDER BY sequence LIMIT ?");
    } catch (cause) {
      const message = "the inbox of pushed changes cannot be opened: delete it, and let the sender send again";
      throw captureError("capture/damaged-store", message, {}, { cause });
    }
  }

  /** 8 bytes: another inbox is another life of the source. */
  get incarnation(): Uint8Array {
    const known = this.#note("incarnation");
    if (known !== undefined) return known;
    const made = new Uint8Array(randomBytes(8));
    this.#setNote("incarnation", made);
    return made;
  }

  /** The sequence that the next change gets. */
  get end(): number {
    const row = this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get();
    return Number(row?.["seq"] ?? 0) + 1;
  }

  get waiting(): number {
    // Sequences have no holes, and only the oldest are deleted: no need to go through the bodies.
    const first = this.#db.prepare("SELECT min(sequence) AS first FROM event").get()?.["first"];
    return typeof first === "number" ? this.end - first : 0;
  }

  /** The first sequence that was not released; undefined = nothing was ever streamed. */
  get released(): number | undefined {
    const note = this.#note("released");
    return note === undefined ? undefined : Number(Buffer.from(note).toString("latin1"));
  }

  /**
   * Takes in what is new, all or nothing; durable when it returns.
   * @throws AnamnesisError `capture/push-full` when too much waits, `capture/malformed-push` for a table without a key
   */
  take(changes: readonly PushedChange[]): Taken {
    if (this.waiting + changes.length > WAITING_MAX) {
      throw captureError("capture/push-full", "too many changes wait for the ledger: send again later");
    }
    const accepted = inTransaction(this.#db, () => changes.filter((change) => this.#takeOne(change)).length);
    if (accepted > 0) this.#listener?.();
    return { accepted, duplicates: changes.length - accepted };
  }

  /** The tables that changes were about, with their newest columns. */
  tables(): readonly PushedTable[] {
    const rows = this.#db.prepare("SELECT value FROM note WHERE name GLOB 'table/*' ORDER BY name").all();
    return rows.map((row) => JSON.parse(Buffer.from(row["value"] as Uint8Array).toString()) as PushedTable);
  }

  /** Up to `limit` waiting changes from `sequence` on. */
  read(sequence: number, limit: number): readonly InboxEvent[] {
    return this.#next.all(sequence, limit).map((row) => ({
      sequence: Number(row["sequence"]),
      change: decodeChange(String(row["body"])),
    }));
  }

  /** Everything before `sequence` is final: it is forgotten here. */
  release(sequence: number): void {
    inTransaction(this.#db, () => {
      this.#setNote("released", Buffer.from(String(sequence)));
      this.#db.prepare("DELETE FROM event WHERE sequence < ?").run(sequence);
      this.#db.prepare("DELETE FROM seen WHERE sequence < ?").run(sequence - REMEMBERED);
      this.#db.prepare("DELETE FROM newest WHERE sequence < ?").run(sequence - REMEMBERED);
    });
  }

  /** Called after each taking in. One listener. */
  onArrival(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #takeOne(given: PushedChange): boolean {
    const key = given.key ?? this.#options.keys[given.table];
    const change = { ...given, key };
    const row = rowName(change);
    if (change.op === "snapshot" && key === undefined && this.#snapshotDone(change)) return false;
    const id = digest(`${change.table}\0${row}\0${change.identity}`);
    if (this.#isSeen.get(id) !== undefined) return false;
    if (this.#isOld(change, digest(`${change.table}\0${row}`))) return false;
    const { lastInsertRowid } = this.#insert.run(encodeChange(change));
    this.#see.run(id, lastInsertRowid);
    this.#remember(change);
    return true;
  }

  #remember({ table, key, before, after }: RowChange): void {
    const columns = [...(after ?? before ?? new Map<string, string>()).keys()];
    const text = JSON.stringify({ name: table, columns, key: key ?? [] } satisfies PushedTable);
    if (this.#remembered.get(table) === text || columns.length === 0) return;
    if (this.#remembered.size >= TABLES_MAX) this.#remembered.clear();
    this.#remembered.set(table, text);
    this.#setNote(`table/${table}`, Buffer.from(text));
  }

  #setNote(name: string, value: Uint8Array): void {
    this.#putNote.run(name, value);
  }

  /** A table without a key is taken from one snapshot only: nobody could tell a row shown again from a second copy. */
  #snapshotDone({ table, last }: PushedChange): boolean {
    const name = `snapshot/${table}`;
    if (this.#note(name) !== undefined) return true;
    if (last) this.#setNote(name, Uint8Array.of(1));
    return false;
  }

  /** Whether a newer change of the same row was taken in before; if not, this one is the newest from now on. */
  #isOld({ place, key, op }: PushedChange, row: Uint8Array): boolean {
    if (place === undefined || key === undefined || op === "truncate" || op === "snapshot") return false;
    const known = this.#newestOf.get(row)?.["place"];
    if (typeof known === "string" && comparePlaces(place, known.split(" ").map(BigInt)) < 0) return true;
    this.#setNewest.run(row, place.join(" "), this.end);
    return false;
  }

  #note(name: string): Uint8Array | undefined {
    const value = this.#db.prepare("SELECT value FROM note WHERE name = ?").get(name)?.["value"];
    return value instanceof Uint8Array ? value : undefined;
  }
}

function comparePlaces(a: readonly bigint[], b: readonly bigint[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** What names the row: its key; without one, the whole row. */
function rowName({ table, op, before, after, key }: RowChange): string {
  if (op === "truncate") return "";
  const row = op === "delete" ? before : after;
  if (key === undefined) {
    if (op === "update" && before === null) {
      const message = "an update without key and without `before`: name the key columns in the configuration";
      throw captureError("capture/push-needs-key", message, { table });
    }
    return JSON.stringify([...(before ?? []), null, ...(after ?? [])]);
  }
  const values = key.map((column) => row?.get(column));
  if (values.length === 0 || values.some((value) => value === undefined)) {
    throw captureError("capture/push-needs-key", "a row without the columns of its key", { table });
  }
  return JSON.stringify(values);
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest().subarray(0, 16);

type StoredRow = readonly (readonly [string, string | null] | readonly [string])[] | null;

const storedRow = (row: PushedRow | null): StoredRow =>
  row === null ? null : [...row].map(([name, value]) => (value === undefined ? [name] : [name, value]));

const loadedRow = (row: StoredRow): PushedRow | null =>
  row === null ? null : new Map(row.map(([name, value]) => [name, value]));

const encodeChange = ({ op, table, key, time, before, after }: RowChange): string =>
  JSON.stringify({ op, table, key, time, before: storedRow(before), after: storedRow(after) });

function decodeChange(body: string): RowChange {
  const stored = JSON.parse(body) as Omit<RowChange, "before" | "after"> & { before: StoredRow; after: StoredRow };
  return { ...stored, key: stored.key, before: loadedRow(stored.before), after: loadedRow(stored.after) };
}
