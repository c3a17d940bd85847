/** A log and nothing else: no signatures of members, no contract, no state, no receipts. */
import { DatabaseSync } from "node:sqlite";
import { native } from "@anamnesis/crypto/native";
import {
  appendTiles,
  encodeBundle,
  type Frontier,
  formatCheckpoint,
  formatNote,
  leafHashes,
  noteSigner,
} from "@anamnesis/ledger";

const ORIGIN = "anamnesis/bare";
const UPSERT = "VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data";

/** @returns seconds */
export function bareLog(file: string, blocks: readonly (readonly Uint8Array[])[]): number {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000",
  );
  db.exec(
    "CREATE TABLE tiles (id INTEGER PRIMARY KEY, data BLOB); CREATE TABLE bundles (id INTEGER PRIMARY KEY, data BLOB)",
  );
  db.exec("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)");
  const tile = db.prepare(`INSERT INTO tiles ${UPSERT}`);
  const bundle = db.prepare(`INSERT INTO bundles ${UPSERT}`);
  const note = db.prepare("INSERT INTO notes VALUES (?, ?)");
  const signer = noteSigner(native, ORIGIN, new Uint8Array(32).fill(1));
  const edge = new Map<string, Uint8Array>();
  let size = 0;
  let frontier: Frontier | undefined;
  let tail: Uint8Array[] = [];
  const started = performance.now();
  for (const leaves of blocks) {
    const read = (level: number, index: number) => edge.get(`${level}/${index}`);
    const appended = appendTiles(native, read, size, leafHashes(native, leaves), frontier);
    db.exec("BEGIN IMMEDIATE");
    for (const { level, index, data } of appended.writes) {
      tile.run(level * 2 ** 44 + index, data);
      edge.set(`${level}/${index}`, data);
    }
    let index = Math.floor(size / 256);
    for (let at = 0; at < leaves.length; ) {
      const room = 256 - tail.length;
      tail = [...tail, ...leaves.slice(at, at + room)];
      at += room;
      bundle.run(index, encodeBundle(tail));
      if (tail.length === 256) {
        tail = [];
        index++;
      }
    }
    const text = formatCheckpoint({ origin: ORIGIN, size: appended.size, root: appended.root });
    note.run(size, formatNote(text, [signer.sign(text)]));
    db.exec("COMMIT");
    ({ size, frontier } = appended);
  }
  const seconds = (performance.now() - started) / 1000;
  db.close();
  return seconds;
}
