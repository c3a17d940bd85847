/**
 * Up to where a ledger has dropped the bytes of its leaves, and the folder of the export that holds them, if one was named: rows of
 * `meta`, changed together with the rows they speak of. What the folder gives is checked against the tree like everything else.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { asUint, decode, encode } from "@anamnesis/core";
import { formatTilePath, ledgerError, TILE_WIDTH } from "@anamnesis/ledger";
import { damaged } from "./sqlite.ts";

/** Its key in the table `meta`. */
export const PRUNED = "pruned";

export const ARCHIVE = "archive";

/** Larger than any bundle: 256 leaves of at most 65,535 bytes. */
const BUNDLE_BYTES_MAX = 17 * 1024 * 1024;

/** A full bundle as `log export` wrote it; `undefined` when it is not there, or cannot be read now. */
export function archivedBundle(folder: string, index: number): Uint8Array | undefined {
  const file = join(folder, formatTilePath({ level: "entries", index, width: TILE_WIDTH }));
  try {
    const found = statSync(file);
    return found.isFile() && found.size <= BUNDLE_BYTES_MAX ? new Uint8Array(readFileSync(file)) : undefined;
  } catch {
    return undefined;
  }
}

export const writePruned = (leaves: number): Uint8Array => encode(leaves);

/** @throws AnamnesisError `ledger/damaged-store` */
export function readPruned(value: Uint8Array): number {
  let leaves: number;
  try {
    leaves = asUint(decode(value, PRUNED), PRUNED);
  } catch (cause) {
    throw damaged("how much was dropped cannot be read", {}, cause);
  }
  if (leaves % TILE_WIDTH === 0) return leaves;
  throw damaged("parts of a bundle were dropped");
}

export function prunedEntries(pruned: number) {
  const message = "the entries below this index were dropped here: take them from an export or another member";
  return ledgerError("ledger/pruned", message, { below: pruned });
}
