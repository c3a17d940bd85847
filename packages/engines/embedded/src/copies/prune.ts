/**
 * Dropping the bytes of old leaves. Hash tiles, blocks, receipts and state stay, so every proof can still be made; whoever kept a leaf
 * proves it as before. A running node is not stopped: pieces are small, and each is one transaction with the row that tells of it.
 */
import { join, resolve } from "node:path";
import { equal, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { formatTilePath, type Genesis, ledgerError, TILE_WIDTH } from "@anamnesis/ledger";
import { FILES } from "../files.ts";
import { acquireLock } from "../lock.ts";
import { type LedgerReader, openReader } from "../open.ts";
import { ARCHIVE, archivedBundle, PRUNED, readPruned, writePruned } from "../pruned.ts";
import { blob, Database, integer } from "../sqlite.ts";

export interface PruneOptions {
  /** Folder of the ledger. */
  readonly dir: string;
  readonly primitives: Primitives;
  readonly genesis: Genesis;
  /** Leaves from here on stay; rounded down to a whole bundle. The last bundle always stays. */
  readonly before: number;
  /**
   * Folder of an export of the log: each bundle is compared with it before it is dropped, and is read from there as long as the folder
   * can be reached.
   */
  readonly archive?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Leaves `[from, to)` and how many bytes their bundles have. */
export interface PrunePlan {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Bundles per transaction: a node that orders waits no longer for it. */
const LOT = 64;

/** What `pruneEntries` would drop. @throws AnamnesisError as opening a ledger does */
export async function planPrune({ dir, primitives, genesis, before }: PruneOptions): Promise<PrunePlan> {
  const reader = await openReader({ dir, primitives, genesis });
  const db = Database.reader(join(dir, FILES.store));
  try {
    const { from, to } = await range(reader, before);
    const sum = "SELECT coalesce(sum(length(data)), 0) AS bytes FROM bundles WHERE idx >= ? AND idx < ?";
    const row = db.prepare(sum).get(from / TILE_WIDTH, to / TILE_WIDTH);
    return { from, to, bytes: row === undefined ? 0 : integer(row, "bytes") };
  } finally {
    db.close();
    await reader.close();
  }
}

/**
 * Each bundle is read and checked against the tree first: what is damaged is not made to disappear. May be cut off at any moment, and
 * called again. @returns what was dropped
 * @throws AnamnesisError `ledger/not-archived` when the archive lacks a bundle or has another one, `ledger/damaged-tile`, `ledger/locked`
 */
export async function pruneEntries(options: PruneOptions): Promise<Omit<PrunePlan, "bytes">> {
  const { dir, primitives, genesis, before, onProgress, signal } = options;
  const reader = await openReader({ dir, primitives, genesis });
  let db: Database | undefined;
  try {
    const { from, to } = await range(reader, before);
    if (from === to) return { from, to };
    db = Database.writer(join(dir, FILES.store));
    for (let at = from; at < to; ) {
      signal?.throwIfAborted();
      const end = Math.min(to, at + LOT * TILE_WIDTH);
      for (let first = at; first < end; first += TILE_WIDTH) await requireCopy(reader, first, options.archive);
      drop(db, at, end, options.archive);
      at = end;
      onProgress?.((at - from) / TILE_WIDTH, (to - from) / TILE_WIDTH);
    }
    return { from, to };
  } finally {
    db?.close();
    await reader.close();
  }
}

/**
 * Gives the space of dropped entries back to the disk, which needs as much free space as the store has afterwards. Without it the
 * space is used again by what comes. @throws AnamnesisError `ledger/locked` while a node orders or follows, `ledger/disk-full`
 */
export function compactLedger(dir: string): void {
  const lock = acquireLock(join(dir, FILES.lock));
  try {
    const db = Database.writer(join(dir, FILES.store));
    try {
      db.exec("VACUUM");
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

async function range(reader: LedgerReader, before: number): Promise<{ readonly from: number; readonly to: number }> {
  const { size } = await reader.checkpoint();
  const from = reader.pruned();
  const last = Math.floor((size - 1) / TILE_WIDTH);
  return { from, to: Math.max(from, Math.min(last, Math.floor(before / TILE_WIDTH)) * TILE_WIDTH) };
}

async function requireCopy(reader: LedgerReader, first: number, archive: string | undefined): Promise<void> {
  const path = formatTilePath({ level: "entries", index: first / TILE_WIDTH, width: TILE_WIDTH });
  const ours = await reader.tile(path);
  if (archive === undefined || ours === undefined) return;
  const theirs = archivedBundle(archive, first / TILE_WIDTH);
  if (theirs !== undefined && equal(ours, theirs)) return;
  const why = theirs === undefined ? "lacks" : "has another";
  throw ledgerError("ledger/not-archived", `the archive ${why} ${path}: export the log into it again`, { path });
}

/** @throws AnamnesisError `ledger/locked` when somebody else has dropped entries meanwhile */
function drop(db: Database, from: number, to: number, archive: string | undefined): void {
  db.transaction(() => {
    const row = db.prepare("SELECT value FROM meta WHERE key = ?").get(PRUNED);
    if ((row === undefined ? 0 : readPruned(blob(row, "value"))) !== from) {
      throw ledgerError("ledger/locked", "another process drops entries of this ledger: wait for it");
    }
    db.prepare("DELETE FROM bundles WHERE idx >= ? AND idx < ?").run(from / TILE_WIDTH, to / TILE_WIDTH);
    const put = "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
    db.prepare(put).run(PRUNED, writePruned(to));
    if (archive !== undefined) db.prepare(put).run(ARCHIVE, utf8(resolve(archive)));
  });
}
