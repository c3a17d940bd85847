/**
 * What one key of the state held when a checkpoint was made, with everything that proves it: the state proof, the block
 * leaf that names the state's root, and that leaf's way to the checkpoint. The block leaf is the checkpoint's last leaf, so
 * "the state behind a checkpoint" has one meaning.
 *
 *     ProvedState = [ value: bytes | null, StateProof, blockLeaf: bytes, path: bytes(32·k) ]
 */
import { asBytesUpTo, asTuple, type Bytes, type Cbor, concat } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { ProvedValue } from "./engine.ts";
import { ledgerError } from "./errors.ts";
import { decodeLeaf, type Leaf } from "./leaf.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { asPath } from "./path.ts";
import { type StateProof, stateProofFromCbor, stateProofToCbor, verifyStateProof } from "./state-tree.ts";
import { LIMITS } from "./transaction.ts";

export interface ProvedState {
  /** `undefined`: the key has no value. */
  readonly value: Uint8Array | undefined;
  readonly proof: StateProof;
  readonly blockLeaf: Uint8Array;
  /** Inclusion path of the block leaf, which is the last leaf under the checkpoint. */
  readonly path: readonly Uint8Array[];
}

export type BlockLeaf = Extract<Leaf, { type: "block" }>;

const VALUE_BYTES_MAX = 1024 * 1024;

/** What a reader's answer proves, without the checkpoint; it fits that very checkpoint only. */
export const provedState = ({ value, proof, blockLeaf, inclusion }: ProvedValue): ProvedState => ({
  value,
  proof,
  blockLeaf,
  path: inclusion,
});

/**
 * The block that the checkpoint ends with, once everything fits.
 * @throws AnamnesisError `ledger/bad-proof`
 */
export function checkProvedState(
  p: Primitives,
  key: string,
  { value, proof, blockLeaf, path }: ProvedState,
  { size, root }: { readonly size: number; readonly root: Bytes },
): BlockLeaf {
  if (size < 1 || !verifyInclusion(p, leafHash(p, blockLeaf), size - 1, size, path, root)) {
    throw ledgerError("ledger/bad-proof", "the checkpoint does not end with this block leaf");
  }
  const leaf = decodeLeaf(blockLeaf);
  if (leaf.type !== "block") throw ledgerError("ledger/bad-proof", "the checkpoint does not end with a block");
  if (!verifyStateProof(p, leaf.stateRoot, key, value, proof)) {
    throw ledgerError("ledger/bad-proof", `the value of ${key} is not in the state behind the checkpoint`);
  }
  return leaf;
}

export const provedStateToCbor = ({ value, proof, blockLeaf, path }: ProvedState): Cbor => [
  value ?? null,
  stateProofToCbor(proof),
  blockLeaf,
  concat(...path),
];

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function provedStateFromCbor(cbor: Cbor | undefined): ProvedState {
  const [value, proof, blockLeaf, path] = asTuple(cbor, 4, "proved state");
  return {
    value: value === null ? undefined : asBytesUpTo(value, VALUE_BYTES_MAX, "value"),
    proof: stateProofFromCbor(proof),
    blockLeaf: asBytesUpTo(blockLeaf, LIMITS.leafBytes, "block leaf"),
    path: asPath(path, "path"),
  };
}
