/**
 * One process orders a ledger. The lock is an exclusive transaction on a small SQLite file: the operating system frees
 * it whenever the process ends, kill -9 included, so no stale lock can remain.
 */
import { DatabaseSync } from "node:sqlite";
import { ledgerError } from "@anamnesis/ledger";

export interface Lock {
  release(): void;
}

/** @throws AnamnesisError `ledger/locked` when another process (or engine of this one) holds it. */
export function acquireLock(file: string): Lock {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    db?.close();
    const message = "another process orders this ledger: stop it, or use the commands that only read";
    throw ledgerError("ledger/locked", message, {}, { cause });
  }
  const held = db;
  return { release: () => (held.isOpen ? held.close() : undefined) };
}
