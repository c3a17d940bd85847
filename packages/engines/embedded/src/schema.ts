/** The tables of a ledger's file. Written once; a change needs a new format number and a migration. */
export const FORMAT = 2;

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
-- Values, and the lower pages of the state tree beside them (key NULL): see state-pages.ts.
CREATE TABLE state (place BLOB PRIMARY KEY, key TEXT, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
-- The upper pages of the state tree.
CREATE TABLE nodes (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
`;

const LEVEL_SPAN = 2 ** 44;
export const tileRow = (level: number, index: number): number => level * LEVEL_SPAN + index;
