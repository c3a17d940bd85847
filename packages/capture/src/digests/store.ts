/**
 * The notes of rows on disk. A cache of what the stream has shown: losing the file costs vouching (rows are *unvouched*
 * until they are written whole again), never the truth. What is read from it must be the row's state just before the
 * event at hand, or a right row would look altered. So each note names its place, and one that is not older than the
 * event (a crash came between, and the event is delivered again) or older than the row's newest final event (the file was
 * put back) is not used.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Position } from "@anamnesis/contracts";
import { type Bytes, toHex } from "@anamnesis/core";
import { captureError } from "../errors.ts";
import { inTransaction } from "../local-store.ts";
import { decodeFields, encodeFields, type RowNote } from "./note.ts";

export interface DigestStore {
  /** Number of a column by its name; the same ever after. */
  column(name: string): number;
  get(table: Bytes, row: Bytes): PlacedNote | undefined;
  /** Durable with the next `flush`. Undefined: nothing of the row needs to be kept. */
  put(table: Bytes, row: Bytes, placed: Place & { readonly note: RowNote | undefined }): void;
  /** The table was emptied at `place`: its older notes go little by little. */
  sweep(table: Bytes, place: Place): void;
  /** Where the newest note was put: what is delivered up to there was noted before. */
  newest(): Place | undefined;
  /** Makes everything put durable (fsync). Cheap when there is nothing. */
  flush(): void;
  close(): void;
}

/** Where a note was made: which life of the source, and the event there. */
export interface Place {
  readonly life: Uint8Array;
  readonly at: Position;
}

export type PlacedNote = Place & { readonly note: RowNote };

const VERSION = 1;
const COLUMNS_MAX = 65_535;
const SWEEP_ROWS = 5_000;

/** @throws AnamnesisError `capture/damaged-store`, `capture/store-version`. */
export function openDigestStore(path: string): DigestStore {
  return new SqliteDigestStore(path);
}

type Pending = Place & { readonly note: RowNote | undefined; readonly table: Bytes; readonly row: Bytes };

class SqliteDigestStore implements DigestStore {
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #columns = new Map<string, number>();
  /** Tables with notes, as hexadecimal handles: nothing need be looked for in others. */
  readonly #tables: Set<string>;
  /** The table asked for last, by the identity of its handle: changes of one table follow each other. */
  #asked: { readonly table: Bytes; readonly known: boolean } | undefined;
  #newest: Place | undefined;
  readonly #sweeps: { readonly table: Bytes; readonly lsn: bigint }[] = [];
  #pending = new Map<string, Pending>();

  constructor(path: string) {
    this.#db = open(path);
    for (const { id, name } of this.#db.prepare("SELECT id, name FROM columns").all()) {
      this.#columns.set(String(name), Number(id));
    }
    const tables = this.#db.prepare("SELECT DISTINCT tbl FROM notes").all();
    this.#tables = new Set(tables.map(({ tbl }) => toHex(tbl as Uint8Array)));
    const last = this.#db.prepare("SELECT life, lsn, ordinal FROM newest");
    last.setReadBigInts(true);
    this.#newest = placeOf(last.get());
    this.#select = this.#db.prepare(
      "SELECT life, lsn, ordinal, key_name, fields FROM notes WHERE tbl = ? AND row_handle = ?",
    );
    this.#select.setReadBigInts(true);
    this.#upsert = this.#db.prepare("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#delete = this.#db.prepare("DELETE FROM notes WHERE tbl = ? AND row_handle = ?");
  }

  column(name: string): number {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const id = this.#columns.size;
    if (id > COLUMNS_MAX) throw captureError("capture/row-too-large", "more than 65,536 column names are in use");
    this.#db.prepare("INSERT INTO columns (id, name) VALUES (?, ?)").run(id, name);
    this.#columns.set(name, id);
    return id;
  }

  get(table: Bytes, row: Bytes): PlacedNote | undefined {
    const pending = this.#pending.get(keyOf(table, row));
    if (pending !== undefined) return pending.note === undefined ? undefined : { ...pending, note: pending.note };
    if (!this.#knows(table)) return undefined;
    const found = this.#select.get(table, row);
    if (found === undefined) return undefined;
    const place = placeOf(found);
    return (
      place && {
        ...place,
        note: { keyName: found["key_name"] as Uint8Array, fields: decodeFields(found["fields"] as Uint8Array) },
      }
    );
  }

  put(table: Bytes, row: Bytes, { life, at, note }: Place & { readonly note: RowNote | undefined }): void {
    if (!this.#knows(table)) {
      if (note === undefined) return;
      this.#tables.add(toHex(table));
      this.#asked = undefined;
    }
    this.#pending.set(keyOf(table, row), { table, row: row.slice(), life, at, note });
    this.#newest = { life, at };
  }

  sweep(table: Bytes, { at }: Place): void {
    if (this.#knows(table)) this.#sweeps.push({ table, lsn: at.lsn });
  }

  newest(): Place | undefined {
    return this.#newest;
  }

  flush(): void {
    if (this.#pending.size === 0 && this.#sweeps.length === 0) return;
    inTransaction(this.#db, () => {
      for (const { table, row, life, at, note } of this.#pending.values()) {
        if (note === undefined) this.#delete.run(table, row);
        else this.#upsert.run(table, row, life, at.lsn, at.ordinal, note.keyName, encodeFields(note.fields));
      }
      this.#sweepSome();
      const { life, at } = this.#newest ?? {};
      if (life !== undefined && at !== undefined) this.#db.prepare(SET_NEWEST).run(life, at.lsn, at.ordinal);
    });
    this.#pending = new Map();
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.flush();
    this.#db.close();
  }

  #knows(table: Bytes): boolean {
    if (this.#asked?.table !== table) this.#asked = { table, known: this.#tables.has(toHex(table)) };
    return this.#asked.known;
  }

  #sweepSome(): void {
    const [sweep] = this.#sweeps;
    if (sweep === undefined) return;
    const { changes } = this.#db
      .prepare(
        `DELETE FROM notes WHERE tbl = ?1 AND row_handle IN
           (SELECT row_handle FROM notes WHERE tbl = ?1 AND lsn < ?2 LIMIT ${SWEEP_ROWS})`,
      )
      .run(sweep.table, sweep.lsn);
    if (Number(changes) < SWEEP_ROWS) this.#sweeps.shift();
  }
}

const SET_NEWEST = "INSERT OR REPLACE INTO newest (id, life, lsn, ordinal) VALUES (1, ?, ?, ?)";

function placeOf(row: Readonly<Record<string, unknown>> | undefined): Place | undefined {
  if (row === undefined) return undefined;
  return { life: row["life"] as Uint8Array, at: { lsn: row["lsn"] as bigint, ordinal: Number(row["ordinal"]) } };
}

const keyOf = (table: Bytes, row: Bytes): string =>
  Buffer.concat([table, row], table.length + row.length).toString("latin1");

function open(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { timeout: 10_000 });
    // A note that is lost behind a final event would be taken for the newest: so it is durable first.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;");
    const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
    if (version > VERSION) {
      db.close();
      throw captureError("capture/store-version", "the store of field digests was written by a newer version");
    }
    db.exec("CREATE TABLE IF NOT EXISTS columns (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT");
    db.exec(`CREATE TABLE IF NOT EXISTS newest (id INTEGER PRIMARY KEY CHECK (id = 1), life BLOB NOT NULL,
      lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL) STRICT`);
    db.exec(`CREATE TABLE IF NOT EXISTS notes (tbl BLOB NOT NULL, row_handle BLOB NOT NULL, life BLOB NOT NULL,
      lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, key_name BLOB NOT NULL, fields BLOB NOT NULL,
      PRIMARY KEY (tbl, row_handle)) STRICT, WITHOUT ROWID`);
    db.exec(`PRAGMA user_version = ${VERSION}`);
    return db;
  } catch (cause) {
    if (cause instanceof Error && cause.name === "AnamnesisError") throw cause;
    const message = "the store of field digests cannot be opened: delete it; rows then count anew when written whole";
    throw captureError("capture/damaged-store", message, { store: "field digests" }, { cause });
  }
}
