/** A data folder's ledger from somebody else's files or node: every block is fetched, checked and executed. */
import { contract } from "@anamnesis/contracts";
import { equal } from "@anamnesis/core";
import { catchUp, type FollowedLog, openOrFound, type Replica } from "@anamnesis/embedded";
import { ledgerError, openCheckpoint } from "@anamnesis/ledger";
import type { Folder } from "../folder/folder.ts";
import { primitives } from "../system.ts";
import { type Confirmation, rememberedNotes, requireNewest, signedSize } from "./known.ts";

export interface ImportRequest extends Confirmation {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Imported {
  readonly size: number;
  readonly root: Uint8Array;
  /** Leaves that were here before. */
  readonly before: number;
}

/**
 * May be cut off at any moment: what was executed stays, and the next call goes on.
 * @throws AnamnesisError `ledger/bad-checkpoint` when the log does not bring the signed checkpoint behind each block,
 *   `ledger/bad-block`, `ledger/locked` while the folder's node runs, as `requireNewest`, what fetching throws
 */
export async function importLog(folder: Folder, log: FollowedLog, request: ImportRequest): Promise<Imported> {
  const { genesis, layout } = folder;
  const { size } = openCheckpoint(primitives, (await log.checkpoint()).note, genesis);
  const remembered = await rememberedNotes(folder);
  requireNewest(folder, size, remembered, request);
  const replica = await openOrFound({ dir: layout.ledger, genesis, primitives, contract }, log);
  try {
    const before = replica.newest.size;
    const { signal, onProgress } = request;
    await catchUp(replica, log, { primitives, signal, ...(onProgress && { onProgress }) });
    requireSame(folder, replica, [...remembered, ...request.others.notes]);
    const { size: after, root } = replica.newest;
    return { size: after, root, before };
  } finally {
    replica.close();
  }
}

/** Whatever else the log's key signed must be a beginning of what was imported. */
function requireSame(folder: Folder, { newest, reader }: Replica, notes: readonly string[]): void {
  for (const note of notes) {
    const size = signedSize(folder, note);
    if (size === undefined || size > newest.size) continue;
    if (equal(reader.rootAt(size), openCheckpoint(primitives, note, folder.genesis).root)) continue;
    const why = `what was imported contradicts a checkpoint of ${size} leaves that the log signed: one of the two histories is false`;
    throw ledgerError("ledger/rolled-back", why, { seen: size, size: newest.size });
  }
}
