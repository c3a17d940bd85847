/** The tables of a ledger's file. Written once; a change needs a new format number and a migration. */
export const FORMAT = 1;

export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
-- One row per block; note is the signed checkpoint after it.
CREATE TABLE blocks (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, first INTEGER NOT NULL,
  size INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
-- id = level * 2^44 + index: one integer key, so that a tile is found without a second index.
CREATE TABLE tiles (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE bundles (idx INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE receipts (id BLOB PRIMARY KEY, idx INTEGER NOT NULL, count INTEGER NOT NULL, sequence INTEGER NOT NULL,
  time INTEGER NOT NULL, tag BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE nodes (path BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID;
`;

const LEVEL_SPAN = 2 ** 44;
export const tileRow = (level: number, index: number): number => level * LEVEL_SPAN + index;
