/** What the local stores (row index, subject keys, progress) share: transactions, and what a full disk is called. */
import type { DatabaseSync } from "node:sqlite";
import { captureError } from "./errors.ts";

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** Runs `work` in one transaction, within another one as a part of it; any error undoes it. @throws AnamnesisError `capture/disk-full`, or what `work` throws. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) return work();
  return onDisk(() => {
    db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has already rolled back by itself when the disk was full.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  });
}

/** Runs `write` and names a disk that takes no more. @throws AnamnesisError `capture/disk-full`. */
export function onDisk<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    if (!takesNoMore(cause)) throw cause;
    throw captureError("capture/disk-full", "nothing was written, for want of space", {}, { cause });
  }
}

function takesNoMore(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  const primary = error.errcode & 0xff;
  return primary === SQLITE_FULL || primary === SQLITE_IOERR;
}
