/** Up to where a ledger has dropped the bytes of its leaves: one row of `meta`, changed together with the rows it speaks of. */
import { asUint, decode, encode } from "@anamnesis/core";
import { ledgerError, TILE_WIDTH } from "@anamnesis/ledger";
import { damaged } from "./sqlite.ts";

/** Its key in the table `meta`. */
export const PRUNED = "pruned";

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
