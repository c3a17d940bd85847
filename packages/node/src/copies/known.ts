/** How far this log is known to have gone, before a copy of it takes the place of the original. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FILES } from "@anamnesis/embedded";
import { knownError, ledgerError, logOrigin, openCheckpoint } from "@anamnesis/ledger";
import { nodeError } from "../errors.ts";
import type { Folder } from "../folder/folder.ts";
import { SealStore } from "../follower/seal-store.ts";
import { openLog } from "../ledger.ts";
import { primitives } from "../system.ts";
import { SqliteWitnessStore } from "../witness-store.ts";

/** What the other members say when they are asked for their newest checkpoint. */
export interface OthersSay {
  /** Signed notes, unchecked. */
  readonly notes: readonly string[];
  /** Names of those who did not answer. */
  readonly silent: readonly string[];
}

export interface Confirmation {
  readonly others: OthersSay;
  /** The operator answers for what cannot be checked. */
  readonly yes: boolean;
}

/** Whether this folder's node orders the ledger. */
export const ordersHere = (folder: Folder): boolean => folder.config.orderer === undefined;

/** Checkpoints that this folder remembers: the ledger's own, sealed ones, witnessed ones, what it cosigned. */
export async function rememberedNotes(folder: Folder): Promise<readonly string[]> {
  const { layout, genesis } = folder;
  const notes = [...(await ownNotes(folder))];
  const seen = join(layout.ledger, FILES.remembered);
  if (existsSync(seen)) notes.push(readFileSync(seen, "utf8"));
  if (existsSync(layout.witnessed)) notes.push(readFileSync(layout.witnessed, "utf8"));
  if (existsSync(layout.seals)) {
    const seals = new SealStore(layout.seals, genesis);
    notes.push(...seals.notes());
    seals.close();
  }
  if (existsSync(layout.cosigned)) {
    const cosigned = new SqliteWitnessStore(layout.cosigned);
    const latest = await cosigned.latest(logOrigin(genesis.chain));
    if (latest !== undefined) notes.push(latest.note);
    cosigned.close();
  }
  return notes;
}

/** Of the ledger that is there, if it can be read. */
async function ownNotes(folder: Folder): Promise<readonly string[]> {
  try {
    const reader = await openLog(folder);
    const { note } = await reader.checkpoint();
    await reader.close();
    return [note];
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return [];
  }
}

/** Leaves of a note that the log's key signed; `undefined` for any other. */
export function signedSize({ genesis }: Folder, note: string): number | undefined {
  try {
    return openCheckpoint(primitives, note, genesis).size;
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Ordering from an older state than what was signed forks the log, so whoever orders must know that nothing newer exists.
 * @param size leaves of the copy
 * @throws AnamnesisError `ledger/rolled-back`; `node/unconfirmed` when somebody could not be asked and nobody answers for it
 */
export function requireNewest(folder: Folder, size: number, notes: readonly string[], given: Confirmation): void {
  if (!ordersHere(folder)) return;
  const sizes = [...notes, ...given.others.notes].flatMap((note) => signedSize(folder, note) ?? []);
  const newest = Math.max(0, ...sizes);
  if (newest > size) {
    const why = `the copy has ${size} leaves, but this log has signed ${newest}: ordering from there would fork it. Catch up from another member: \`anamnesis log import\``;
    throw ledgerError("ledger/rolled-back", why, { seen: newest, size });
  }
  const { silent, notes: heard } = given.others;
  // What this folder remembers may lag behind what it signed, so it decides only where nobody else can.
  if (given.yes || (silent.length === 0 && (heard.length > 0 || newest === size))) return;
  const who = silent.length > 0 ? `could not be asked: ${silent.join(", ")}` : "there is nobody to ask";
  const why = `this node orders, and nobody confirms that the log ends with these ${size} leaves (${who}). If it went further, ordering would fork it`;
  throw nodeError("node/unconfirmed", why, { size });
}
