/** A consistent copy of a ledger, taken while its node runs: the store as of one checkpoint, and a manifest. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { encodeGenesis, ledgerError } from "@anamnesis/ledger";
import { FILES } from "../files.ts";
import type { LedgerReader } from "../open.ts";
import { Database } from "../sqlite.ts";
import { flush, hashFile, removeAll, writeFlushed } from "./files.ts";
import { MANIFEST, manifestToJson, type SnapshotManifest } from "./manifest.ts";

export interface SnapshotOptions {
  readonly primitives: Primitives;
  /** Adds what cosignatures are known to a signed note. */
  readonly cosigned?: (note: string) => string;
  /** The newest sealed checkpoint known, asked for before the copy is begun. */
  readonly sealed?: string;
  readonly signal?: AbortSignal;
  /** Parts of the store that are copied, of all: pages. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes the folder `out`, which must not be there or be empty. It appears whole and flushed, or not at all; what a killed run left
 * behind (`<out>.unfinished`) is removed by the next one.
 * @throws AnamnesisError `ledger/exists`, `ledger/disk-full`; what reading throws; the signal's reason
 */
export async function takeSnapshot(
  reader: LedgerReader,
  out: string,
  options: SnapshotOptions,
): Promise<SnapshotManifest> {
  const target = resolve(out);
  requireFree(target);
  const draft = `${target}.unfinished`;
  removeAll(draft);
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    const manifest = await write(reader, draft, options);
    // An empty folder gives way to a rename; one that somebody has filled meanwhile does not.
    renameSync(draft, target);
    flush(dirname(target));
    return manifest;
  } catch (error) {
    removeAll(draft);
    throw error;
  }
}

function requireFree(target: string): void {
  if (!existsSync(target) || readdirSync(target).length === 0) return;
  throw ledgerError("ledger/exists", "something is there already, and is not overwritten: name a new folder");
}

async function write(reader: LedgerReader, draft: string, options: SnapshotOptions): Promise<SnapshotManifest> {
  const { primitives, signal, onProgress, sealed } = options;
  const store = join(draft, FILES.store);
  const { note, size, pruned } = await copy(reader, store, (done, total) => {
    signal?.throwIfAborted();
    onProgress?.(done, total);
  });
  const hashed = await hashFile(store, signal === undefined ? {} : { signal });
  const manifest: SnapshotManifest = {
    chain: reader.genesis.chain,
    genesis: toHex(primitives.sha256(encodeGenesis(reader.genesis))),
    ...{ size, pruned, checkpoint: options.cosigned?.(note) ?? note, sealed: sealed ?? null, store: hashed },
  };
  writeFlushed(join(draft, MANIFEST), manifestToJson(manifest));
  flush(draft);
  return manifest;
}

async function copy(reader: LedgerReader, file: string, onPages: (done: number, total: number) => void) {
  const release = reader.hold();
  try {
    const { note, size } = await reader.checkpoint();
    const pruned = reader.pruned();
    await reader.copyTo(file, onPages);
    alone(file);
    return { note, size, pruned };
  } finally {
    release();
  }
}

/** One file without a log beside it, flushed: what reads it needs to write nothing. */
function alone(file: string): void {
  const db = Database.writer(file);
  try {
    db.exec("PRAGMA journal_mode = DELETE");
  } finally {
    db.close();
  }
  flush(file);
}
