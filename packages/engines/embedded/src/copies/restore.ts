/**
 * A snapshot becomes the ledger of a folder, after everything in it was checked. What is there already is never made older without a
 * word: who orders must not sign two trees of one size, and who follows has to reach what it has seen.
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Contract, encodeGenesis, type Genesis, knownError, ledgerError } from "@anamnesis/ledger";
import { FILES } from "../files.ts";
import { acquireLock } from "../lock.ts";
import { type LedgerReader, openUntrusted } from "../open.ts";
import { RememberedCheckpoint } from "../remembered.ts";
import { forgetRestored, markRestored, type Seen, seenIn } from "../rollback.ts";
import { Database } from "../sqlite.ts";
import { verifyLedger } from "../verify.ts";
import { flush, hashFile, removeAll } from "./files.ts";
import { badSnapshot, MANIFEST, manifestFromJson, type SnapshotManifest } from "./manifest.ts";

export interface RestoreOptions {
  /** Folder of the ledger; made when it is missing. */
  readonly dir: string;
  /** Folder of the snapshot. It is only read. */
  readonly snapshot: string;
  readonly primitives: Primitives;
  readonly genesis: Genesis;
  readonly contract: Contract;
  /** A follower may be restored to an older state than it had; who orders never. */
  readonly follows: boolean;
  /** Signed checkpoints of this log that are known from elsewhere. What the log did not sign is passed over. */
  readonly known?: readonly string[];
  /** Also replace a ledger that can be read and is newer: only for who follows. */
  readonly replaceNewer?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: "copying" | "checking", done: number, total: number) => void;
}

export interface Restored {
  readonly size: number;
  readonly pruned: number;
  /** Whether every block was executed again, from the founding document on: not possible for what was dropped from it. */
  readonly replayed: boolean;
  /** Leaves of the newest checkpoint seen before, when the restored state is older: the log must lead there. */
  readonly toReach: number | undefined;
}

/**
 * Interrupted at any moment it leaves the ledger that was there, none (then run it again), or the restored one. A ledger that could not
 * be read is kept in `replaced/`.
 * @throws AnamnesisError `ledger/bad-snapshot`, `ledger/wrong-chain`, `ledger/rolled-back`, `ledger/exists`, `ledger/locked`,
 *   `ledger/disk-full`; the signal's reason
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const { dir, snapshot } = options;
  const manifest = ownManifest(options);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = acquireLock(join(dir, FILES.lock));
  const staging = join(dir, "restoring");
  try {
    removeAll(staging);
    mkdirSync(staging, { mode: 0o700 });
    await stage(options, manifest, join(resolve(snapshot), FILES.store), join(staging, FILES.store));
    const report = await check(options, manifest, staging);
    const here = await readable(options);
    const toReach = await compare(options, staging, here, manifest.sealed ?? undefined);
    place(dir, staging, here !== undefined, toReach === undefined ? undefined : manifest.checkpoint);
    return { size: report.size, pruned: report.pruned, replayed: report.replayed, toReach: toReach?.size };
  } finally {
    removeAll(staging);
    lock.release();
  }
}

/** What a snapshot says of itself, unchecked. @throws AnamnesisError `ledger/bad-snapshot` */
export function snapshotManifest(snapshot: string): SnapshotManifest {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(snapshot, MANIFEST));
  } catch (cause) {
    throw badSnapshot("there is no manifest.json: is this the folder of a snapshot?", cause);
  }
  return manifestFromJson(bytes);
}

function ownManifest({ snapshot, primitives, genesis }: RestoreOptions): SnapshotManifest {
  const manifest = snapshotManifest(snapshot);
  if (manifest.genesis === toHex(primitives.sha256(encodeGenesis(genesis)))) return manifest;
  throw ledgerError("ledger/wrong-chain", "the snapshot is of a ledger with another founding document");
}

async function stage(options: RestoreOptions, { store }: SnapshotManifest, from: string, to: string): Promise<void> {
  const { signal, onProgress } = options;
  if (!existsSync(from)) throw badSnapshot(`${FILES.store} is missing`);
  const found = await hashFile(
    from,
    { ...(signal && { signal }), onProgress: (done) => onProgress?.("copying", done, store.bytes) },
    to,
  );
  if (found.sha256 !== store.sha256 || found.bytes !== store.bytes) {
    throw badSnapshot("its store is not the one that the manifest names: it was altered, or not copied whole");
  }
}

/** Every tile, leaf, signature and row of the copy, and where all leaves are there, every block executed. */
async function check(options: RestoreOptions, manifest: SnapshotManifest, staging: string) {
  const { primitives, genesis, contract, signal, onProgress } = options;
  const report = await verifyLedger({
    ...{ dir: staging, primitives, genesis, contract, ...(signal && { signal }) },
    onProgress: (done, total) => onProgress?.("checking", done, total),
  });
  const [problem] = report.problems;
  if (problem !== undefined) throw badSnapshot(`${problem.where}: ${problem.message} [${problem.code}]`);
  const said = seenIn(primitives, genesis, manifest.checkpoint);
  const same = said !== undefined && said.size === report.size && toHex(said.root) === toHex(report.root);
  if (!same || manifest.size !== report.size || manifest.pruned !== report.pruned) {
    throw badSnapshot("its manifest and its store do not say the same");
  }
  return report;
}

/** The newest checkpoint of the ledger that is there; `undefined` when there is none, or none that can be read. */
async function readable(options: RestoreOptions): Promise<string | undefined> {
  let reader: LedgerReader | undefined;
  try {
    reader = await openUntrusted(options);
    return (await reader.checkpoint()).note;
  } catch (error) {
    // What cannot be read is what a snapshot is for. Another ledger is none of ours to replace.
    if (knownError(error) === undefined || knownError(error)?.code === "ledger/wrong-chain") throw error;
    return undefined;
  } finally {
    await reader?.close();
  }
}

/** @returns the newest checkpoint seen, where it is newer than the snapshot */
async function compare(
  options: RestoreOptions,
  staging: string,
  here: string | undefined,
  sealed: string | undefined,
): Promise<Seen | undefined> {
  const { dir, primitives, genesis, follows, known = [], replaceNewer = false } = options;
  const remembered = RememberedCheckpoint.read(join(dir, FILES.remembered));
  const reader = await openUntrusted({ dir: staging, primitives, genesis });
  try {
    const { size } = await reader.checkpoint();
    const all = [here, remembered, sealed, ...known].flatMap((note) => seenIn(primitives, genesis, note) ?? []);
    for (const seen of all) {
      if (seen.size <= size && toHex(reader.rootAt(seen.size)) !== toHex(seen.root)) throw contradicted(seen, size);
    }
    const newest = all.reduce<Seen | undefined>((a, b) => (a === undefined || b.size > a.size ? b : a), undefined);
    if (newest === undefined || newest.size <= size) return undefined;
    if (!follows) throw olderThanSigned(newest, size);
    if ((seenIn(primitives, genesis, here)?.size ?? 0) > size && !replaceNewer) throw olderThanHere(size);
    return newest;
  } finally {
    await reader.close();
  }
}

function contradicted(seen: Seen, size: number) {
  const why = `the snapshot contradicts a checkpoint of ${seen.size} leaves that the log signed: one of the two histories is false`;
  return ledgerError("ledger/rolled-back", why, { seen: seen.size, size });
}

function olderThanSigned(seen: Seen, size: number) {
  const why = `the snapshot has ${size} leaves, but this log has signed ${seen.size}: ordering from there would fork it. Catch up from another member: \`anamnesis log import\``;
  return ledgerError("ledger/rolled-back", why, { seen: seen.size, size });
}

const olderThanHere = (size: number) =>
  ledgerError("ledger/exists", `the ledger that is here is newer than the ${size} leaves of the snapshot`, { size });

function place(dir: string, staging: string, sound: boolean, mark: string | undefined): void {
  const store = join(dir, FILES.store);
  const aside = join(dir, "replaced");
  if (sound) settle(store);
  else setAside(dir, aside);
  if (mark === undefined) forgetRestored(dir);
  else markRestored(dir, mark);
  renameSync(join(staging, FILES.store), store);
  flush(dir);
}

/** Its log of changes is brought into it, so that none lies beside the one that takes its place. @throws `ledger/locked` while it is read */
function settle(store: string): void {
  const db = Database.writer(store);
  try {
    db.exec("PRAGMA journal_mode = DELETE");
  } finally {
    db.close();
  }
  if (!existsSync(`${store}-wal`)) return;
  throw ledgerError("ledger/locked", "another process reads this ledger: stop it, then restore again");
}

function setAside(dir: string, aside: string): void {
  const parts = ["", "-wal", "-shm"].map((end) => `${FILES.store}${end}`).filter((name) => existsSync(join(dir, name)));
  if (parts.length === 0) return;
  removeAll(aside);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of parts) renameSync(join(dir, name), join(aside, name));
}
