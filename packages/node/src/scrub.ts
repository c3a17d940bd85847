/** What was overwritten in a source's stores stays in their journals for a while: unless somebody empties those. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { SourceLayout } from "./folder/layout.ts";

const WAIT_MS = 100;

/** Beside whoever has the stores open. False: somebody reads or writes just now. */
export function emptyJournals({ index, keys, progress, digests, reads, inbox }: SourceLayout): boolean {
  return [index, keys, progress, digests, reads, inbox].filter((path) => existsSync(path)).every(emptyJournal);
}

function emptyJournal(path: string): boolean {
  const db = new DatabaseSync(path, { timeout: WAIT_MS });
  try {
    return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0;
  } finally {
    db.close();
  }
}
