/** Opening the index file: the one place that knows its tables and SQLite settings. */
import { DatabaseSync } from "node:sqlite";
import { AnamnesisError } from "@anamnesis/core";
import { type CaptureErrorCode, captureError } from "../errors.ts";

const VERSION = 3;

/**
 * A cache: after a power failure the newest commits may be gone, and come back from the log. What is overwritten leaves nothing
 * behind in the file, so that a name that is forgotten is gone.
 */
const WRITER = `
  PRAGMA page_size = 4096;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA secure_delete = ON;
  PRAGMA wal_autocheckpoint = 16384;
  PRAGMA journal_size_limit = 67108864;
`;

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tables (
    id INTEGER PRIMARY KEY, handle BLOB NOT NULL UNIQUE, name TEXT,
    events INTEGER NOT NULL DEFAULT 0, unattributed INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS actors (id INTEGER PRIMARY KEY, handle BLOB NOT NULL UNIQUE, name TEXT);
  CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS slots (slot INTEGER PRIMARY KEY, id INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS slot_filter (part INTEGER PRIMARY KEY, merged INTEGER NOT NULL, bits BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS older (successor INTEGER PRIMARY KEY, record BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS reads (id INTEGER NOT NULL, idx INTEGER NOT NULL, kind INTEGER NOT NULL,
    PRIMARY KEY (id, idx)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS marks (idx INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, kind INTEGER NOT NULL,
    xid INTEGER NOT NULL, time INTEGER NOT NULL, actor INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS unattributed (first INTEGER PRIMARY KEY, entries BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS commits (lsn INTEGER PRIMARY KEY, xid INTEGER NOT NULL, time INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS accepted (idx INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, id INTEGER NOT NULL,
    time INTEGER NOT NULL, actor INTEGER NOT NULL, gone INTEGER NOT NULL, reason TEXT);
  CREATE TABLE IF NOT EXISTS contradicted (id INTEGER NOT NULL, event INTEGER NOT NULL, time INTEGER NOT NULL,
    open INTEGER NOT NULL, PRIMARY KEY (id, event)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS contradicted_event ON contradicted (event);
  CREATE TABLE IF NOT EXISTS baselined (tbl INTEGER PRIMARY KEY, idx INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS bound (name BLOB PRIMARY KEY, handle BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS erased (subject BLOB PRIMARY KEY, idx INTEGER NOT NULL, clean INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS names (page INTEGER PRIMARY KEY, keys TEXT NOT NULL);
`;

/** @throws AnamnesisError `capture/store-version`, `capture/damaged-store` (not an SQLite file). */
export function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly, timeout: 10_000 });
  try {
    if (!readOnly) {
      db.exec(WRITER);
      db.exec(TABLES);
      db.exec(`INSERT OR IGNORE INTO meta VALUES ('version', ${VERSION})`);
    }
    db.exec(`PRAGMA cache_size = ${readOnly ? -4096 : -49_152}; PRAGMA temp_store = MEMORY`);
    const version = db.prepare("SELECT value FROM meta WHERE name = 'version'").get()?.["value"];
    if (version === VERSION) return db;
    throw captureError(
      "capture/store-version",
      "the row index was written by another version: delete it, it is rebuilt",
    );
  } catch (cause) {
    db.close();
    throw cause instanceof AnamnesisError ? cause : damaged("it cannot be opened", cause);
  }
}

export function damaged(why: string, cause?: unknown): AnamnesisError<CaptureErrorCode> {
  const message = `the row index is damaged (${why}): delete it, it is rebuilt from the log`;
  return captureError("capture/damaged-store", message, { store: "row index" }, { cause });
}
