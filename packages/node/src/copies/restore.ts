/** A snapshot becomes the ledger of a data folder. */
import { contract } from "@anamnesis/contracts";
import { type Restored, restoreSnapshot, snapshotManifest } from "@anamnesis/embedded";
import { explainFile, nodeError } from "../errors.ts";
import type { Folder } from "../folder/folder.ts";
import { primitives } from "../system.ts";
import { type Confirmation, ordersHere, rememberedNotes, requireNewest } from "./known.ts";

export interface RestoreRequest extends Confirmation {
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: "copying" | "checking", done: number, total: number) => void;
}

/**
 * @throws AnamnesisError as `restoreSnapshot` and `requireNewest`; `node/unconfirmed` also for a snapshot whose state cannot be executed
 *   again because entries were dropped from it
 */
export async function restoreFolder(folder: Folder, snapshot: string, request: RestoreRequest): Promise<Restored> {
  const { layout, genesis } = folder;
  const { yes, others, signal, onProgress } = request;
  const { size, pruned } = snapshotManifest(snapshot);
  const remembered = await rememberedNotes(folder);
  requireNewest(folder, size, remembered, request);
  if (pruned > 0 && !yes) {
    const why = `the entries of ${pruned} leaves are not in the snapshot: its state is compared with the signed checkpoint, but cannot be executed again`;
    throw nodeError("node/unconfirmed", why, { pruned });
  }
  try {
    return await restoreSnapshot({
      ...{ dir: layout.ledger, snapshot, primitives, genesis, contract },
      ...{ follows: !ordersHere(folder), known: [...remembered, ...others.notes], replaceNewer: yes },
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
  } catch (problem) {
    throw explainFile(problem, "the snapshot cannot be restored");
  }
}
