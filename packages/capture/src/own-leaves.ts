/** The events of one organisation, out of a log that several write: another member's source may have the same name. */
import { type OrgId, toHex } from "@anamnesis/core";
import { decodeLeaf, decodeMemberKey, isEventLeaf, LIMITS, type LogReader, memberKeyPath } from "@anamnesis/ledger";
import type { PlacedLeaf } from "./row-index.ts";

/**
 * Event leaves of `[from, to)` in batches that a key of the organisation signed, in order. What the signature covers was
 * checked when the block was made.
 * @throws AnamnesisError what the log's reader throws
 */
export async function* ownLeaves(
  log: Pick<LogReader, "leaves" | "read">,
  organisation: OrgId,
  from: number,
  to: number,
): AsyncGenerator<PlacedLeaf> {
  const isOwn = ownKeys(log, organisation);
  let own = false;
  // `from` may lie inside a batch: the command that covers it is not further back than a batch is long.
  for await (const placed of log.leaves(Math.max(0, from - LIMITS.batchEvents - 1), to)) {
    if (isEventLeaf(placed.leaf)) {
      if (own && placed.index >= from) yield placed;
      continue;
    }
    const leaf = decodeLeaf(placed.leaf);
    const signer = leaf.type === "command" ? leaf.signatures[0] : undefined;
    own = signer !== undefined && (await isOwn(signer.keyId));
  }
}

/** Whose a key is stands in the state, also after it was replaced. */
function ownKeys(log: Pick<LogReader, "read">, organisation: OrgId): (keyId: Uint8Array) => Promise<boolean> {
  const known = new Map<string, boolean>();
  return async (keyId) => {
    const id = toHex(keyId);
    const before = known.get(id);
    if (before !== undefined) return before;
    const { value } = await log.read(memberKeyPath(id));
    const own = value !== undefined && decodeMemberKey(value).organisation === organisation;
    known.set(id, own);
    return own;
  };
}
