/** Dropping old entries of a data folder's ledger, when it is known who else holds them. */
import { compactLedger, type LedgerReader, type PrunePlan, planPrune, pruneEntries } from "@anamnesis/embedded";
import { decodeMemberSet, ledgerError } from "@anamnesis/ledger";
import type { Folder } from "../folder/folder.ts";
import { readSeals } from "../follower/seal-store.ts";
import { openLog } from "../ledger.ts";
import { primitives, systemClock } from "../system.ts";
import { signedSize } from "./known.ts";
import type { CopyOptions } from "./snapshot.ts";

export interface PruneRequest extends CopyOptions {
  /** Leaves from here on stay. */
  readonly before?: number;
  /** Or: what became final in the last days stays. */
  readonly keepDays?: number;
  /** Folder of an export that holds the entries. */
  readonly archive?: string;
}

export interface PlannedPrune extends PrunePlan {
  /** Who holds the entries: the folder that was named, or the members who sealed. */
  readonly heldBy: "archive" | "members";
}

const DAY_MS = 86_400_000;

/** What would be dropped; nothing is changed. @throws AnamnesisError as `pruneFolder` */
export async function prunePlan(folder: Folder, request: PruneRequest): Promise<PlannedPrune> {
  const { heldBy, before } = await permitted(folder, request);
  return { ...(await planPrune(optionsOf(folder, before))), heldBy };
}

/**
 * Never below what others hold: without an archive only what more than two thirds of several members have sealed.
 * Of a folder that captures a source nothing without an archive. @throws AnamnesisError `ledger/not-archived`, as `pruneEntries`
 */
export async function pruneFolder(folder: Folder, request: PruneRequest): Promise<Omit<PrunePlan, "bytes">> {
  const { before } = await permitted(folder, request);
  const { archive, signal, onProgress } = request;
  return pruneEntries({
    ...optionsOf(folder, before),
    ...(archive !== undefined && { archive }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}

/** Gives the space back to the disk. @throws AnamnesisError `ledger/locked` while the node runs */
export const compactFolder = ({ layout }: Folder): void => compactLedger(layout.ledger);

const optionsOf = ({ layout, genesis }: Folder, before: number) => ({
  dir: layout.ledger,
  primitives,
  genesis,
  before,
});

async function permitted(
  folder: Folder,
  request: PruneRequest,
): Promise<Pick<PlannedPrune, "heldBy"> & { before: number }> {
  const { archive, keepDays, before = Number.MAX_SAFE_INTEGER } = request;
  const reader = await openLog(folder);
  try {
    const asked =
      keepDays === undefined ? before : Math.min(before, endBefore(reader, systemClock.now() - keepDays * DAY_MS));
    if (archive !== undefined) return { before: asked, heldBy: "archive" };
    if (folder.config.sources.length > 0) throw captures();
    return { before: Math.min(asked, heldByMembers(folder)), heldBy: "members" };
  } finally {
    await reader.close();
  }
}

/** Leaves of the blocks that are older than a moment. */
function endBefore(reader: LedgerReader, ms: number): number {
  let end = 0;
  for (const block of reader.tables.blocks()) {
    if (block.time >= ms) break;
    end = block.size;
  }
  return end;
}

function captures() {
  const why =
    "this folder captures a source: new tables, a lost index, histories and `verify --from-log` read old entries. Export the log and name its folder with --archive: entries are then read from there";
  return ledgerError("ledger/not-archived", why);
}

/** Members cosign only what they have executed, so each of those who sealed holds every entry. */
function heldByMembers(folder: Folder): number {
  const { newest } = readSeals(folder.layout.seals, folder.genesis);
  const members = newest?.members.value;
  const several = members !== undefined && decodeMemberSet(members).members.length > 1;
  const size = newest === undefined ? undefined : signedSize(folder, newest.note);
  if (several && size !== undefined) return size;
  throw ledgerError("ledger/not-archived", "no checkpoint of several members has been sealed, and no archive is named");
}
