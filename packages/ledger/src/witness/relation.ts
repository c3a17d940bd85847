/** Whether two signed checkpoints of one log can both be true, decided with the tiles of the larger one. */
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Checkpoint } from "../checkpoint.ts";
import { ledgerError } from "../errors.ts";
import { type MerklePath, verifyConsistency } from "../merkle.ts";
import type { FetchTile } from "../tlog-reader.ts";
import { consistencyFromTiles, rootFromTiles } from "./tile-proof.ts";

export type Relation =
  | { readonly kind: "same" }
  /** The larger one begins with the smaller one. */
  | { readonly kind: "continues" }
  /**
   * They contradict each other. With different sizes: what the larger log really has as its first leaves, and the consistency
   * proof from there to its root. With equal sizes the two roots say it all.
   */
  | { readonly kind: "forked"; readonly prefix?: { readonly root: Uint8Array; readonly proof: MerklePath } };

/**
 * @param older the checkpoint that is not larger
 * @param tiles of the log that `newer` is a checkpoint of; not asked when the sizes are equal
 * @throws AnamnesisError `ledger/damaged-tile` when the tiles do not belong to `newer`: nothing can be said then
 */
export async function relate(
  p: Primitives,
  older: Pick<Checkpoint, "size" | "root">,
  newer: Pick<Checkpoint, "size" | "root">,
  tiles: FetchTile,
): Promise<Relation> {
  if (older.size === newer.size) return equal(older.root, newer.root) ? { kind: "same" } : { kind: "forked" };
  const proof = await consistencyFromTiles(p, tiles, older.size, newer.size);
  if (verifyConsistency(p, older, newer, proof)) return { kind: "continues" };
  const root = await rootFromTiles(p, tiles, older.size, newer.size);
  if (verifyConsistency(p, { size: older.size, root }, newer, proof))
    return { kind: "forked", prefix: { root, proof } };
  throw ledgerError("ledger/damaged-tile", "the tiles do not lead to the checkpoint's root: fetch them again");
}
