/** Founding and opening the replica of one folder. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Primitives } from "@anamnesis/crypto";
import { type Contract, checkGenesis, encodeGenesis, type Genesis, ledgerError, parseNote } from "@anamnesis/ledger";
import { loadAnchor } from "../anchor.ts";
import { FILES } from "../files.ts";
import { acquireLock } from "../lock.ts";
import { holdsLedger, readGenesis, requireLedger } from "../open.ts";
import { foundingBlock } from "../producer.ts";
import { RememberedCheckpoint } from "../remembered.ts";
import { forgetRestored, markRestored, refuseRollback, restoredMark } from "../rollback.ts";
import { Database } from "../sqlite.ts";
import { Store } from "../store.ts";
import { TileCache } from "../tree-view.ts";
import { copiedSigner } from "./copied-signer.ts";
import { Replica } from "./replica.ts";

export interface ReplicaOptions {
  /** Folder of the ledger; made when it is missing. */
  readonly dir: string;
  readonly genesis: Genesis;
  readonly primitives: Primitives;
  readonly contract: Contract;
}

/** Whether the folder holds a ledger or a replica. */
export const hasLedger = (dir: string): boolean => {
  const file = join(dir, FILES.store);
  return existsSync(file) && holdsLedger(file);
};

/**
 * Executes the founding block and keeps it.
 * @param note signed checkpoint of the log behind its first block
 * @throws AnamnesisError `ledger/exists`, `ledger/locked`, `ledger/disk-full`; `ledger/bad-checkpoint` when the log's key signed
 *   another founding block than the one that follows from genesis; `ledger/bad-genesis`
 */
export async function createReplica(
  { dir, genesis, primitives, contract }: ReplicaOptions,
  note: string,
): Promise<void> {
  checkGenesis(primitives, genesis);
  const signer = copiedSigner(primitives, genesis, note);
  const first = foundingBlock({ primitives, contract, signer }, genesis);
  if (parseNote(first.block.note).text !== parseNote(note).text) {
    throw ledgerError("ledger/bad-checkpoint", "the log begins otherwise than its founding document says: not our log");
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = acquireLock(join(dir, FILES.lock));
  try {
    if (hasLedger(dir)) throw ledgerError("ledger/exists", "the folder already holds a ledger: choose another folder");
    // A store that was lost is followed anew, and must lead to what was seen before.
    if (RememberedCheckpoint.read(join(dir, FILES.remembered)) !== undefined) markRestored(dir, note);
    const db = Database.writer(join(dir, FILES.store));
    try {
      Store.create(db, primitives, encodeGenesis(genesis), first);
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

/**
 * Opens a replica for following, after checking that it is what its newest checkpoint says. A ledger that was ordered here is
 * opened as well: it has the same form.
 * @throws AnamnesisError `ledger/no-ledger`, `ledger/locked`, `ledger/damaged-store`, `ledger/damaged-tile`,
 *   `ledger/rolled-back`, `ledger/wrong-chain`
 */
export async function openReplica(options: ReplicaOptions): Promise<Replica> {
  const { dir, primitives } = options;
  requireLedger(dir);
  const lock = acquireLock(join(dir, FILES.lock));
  let db: Database | undefined;
  try {
    db = Database.writer(join(dir, FILES.store));
    const store = new Store(db, primitives);
    const genesis = readGenesis(primitives, store, options.genesis);
    const anchor = loadAnchor(primitives, store, genesis, new TileCache());
    const seen = RememberedCheckpoint.read(join(dir, FILES.remembered));
    const expected = refuseRollback(primitives, genesis, anchor, seen, restoredMark(dir));
    const remembered = new RememberedCheckpoint(join(dir, FILES.remembered));
    if (expected === undefined) {
      forgetRestored(dir);
      remembered.remember(anchor.checkpoint.note);
    }
    const onReached = () => forgetRestored(dir);
    return new Replica({ options, store, genesis, remembered, lock, onReached, ...(expected && { expected }) });
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}
