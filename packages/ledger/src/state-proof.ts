/** Proofs that a key of the state has a value, or has none. */
import {
  asBytes,
  asBytesUpTo,
  asTuple,
  asUint,
  type Bytes,
  badEncoding,
  type Cbor,
  concat,
  decode,
  encode,
  equal,
} from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  bitAt,
  DEPTH_MAX,
  EMPTY_STATE,
  isEmptyState,
  readStateNode,
  type StateLeaf,
  type StateNodeStore,
  stateKeyHash,
  stateLeaf,
  stateNodeHash,
  statePath,
} from "./state-node.ts";

/** The siblings on the way from the root to where the key is or would be. About log2(keys) · 32 bytes. */
export interface StateProof {
  /** From the root downwards, 32 bytes each; `EMPTY_STATE` for an empty subtree. */
  readonly siblings: readonly Uint8Array[];
  /** Absence only: the other key's leaf that stands in the key's place; null when nothing does. */
  readonly other: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array } | null;
}

/**
 * Proof of the key's value or of its absence, under `root`, at which the store must stand.
 * @throws AnamnesisError `ledger/damaged-store` when a node on the way does not fit `root`
 */
export function proveState(p: Primitives, store: StateNodeStore, root: Bytes, key: string): StateProof {
  const keyHash = stateKeyHash(p, key);
  const siblings: Uint8Array[] = [];
  let hash = root;
  for (;;) {
    const node = readStateNode(p, store, statePath(keyHash, siblings.length), hash);
    if (node === undefined) return { siblings, other: null };
    if (node.kind === "leaf") {
      const { keyHash: found, valueHash } = node;
      return { siblings, other: equal(found, keyHash) ? null : { keyHash: found, valueHash } };
    }
    const right = bitAt(keyHash, siblings.length) === 1;
    siblings.push(right ? node.left : node.right);
    hash = right ? node.right : node.left;
  }
}

/** Whether the proof shows that under `root` the key has this value; `undefined` = that it has none. Never throws. */
export function verifyStateProof(
  p: Primitives,
  root: Bytes,
  key: string,
  value: Bytes | undefined,
  proof: StateProof,
): boolean {
  const { siblings, other } = proof;
  if (siblings.length > DEPTH_MAX || siblings.some((s) => s.length !== 32)) return false;
  const keyHash = stateKeyHash(p, key);
  const leaf = leafInPlace(p, keyHash, value, proof);
  if (leaf === undefined && (value !== undefined || other !== null)) return false;
  let hash = stateNodeHash(p, leaf);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] ?? EMPTY_STATE;
    const [left, right] = bitAt(keyHash, depth) === 0 ? [hash, sibling] : [sibling, hash];
    hash = stateNodeHash(p, { kind: "inner", left, right });
  }
  return equal(hash, root);
}

/** The leaf that the proof claims to stand where the key belongs. */
function leafInPlace(
  p: Primitives,
  keyHash: Uint8Array,
  value: Bytes | undefined,
  { siblings, other }: StateProof,
): StateLeaf | undefined {
  if (value !== undefined) return other === null ? stateLeaf(p, keyHash, value) : undefined;
  if (other === null || other.keyHash.length !== 32 || other.valueHash.length !== 32) return undefined;
  if (equal(other.keyHash, keyHash)) return undefined;
  // Anybody's leaf would do otherwise: it must be one that shares the whole way.
  if (!siblings.every((_, depth) => bitAt(other.keyHash, depth) === bitAt(keyHash, depth))) return undefined;
  return { kind: "leaf", ...other };
}

/** `[depth, bitmap, siblings, other]`: a bit per sibling, 1 = present among the siblings, 0 = empty. */
export function stateProofToCbor({ siblings, other }: StateProof): Cbor {
  const bitmap = new Uint8Array(Math.ceil(siblings.length / 8));
  siblings.forEach((s, i) => {
    if (!isEmptyState(s)) bitmap[i >> 3] = (bitmap[i >> 3] as number) | (0x80 >> (i & 7));
  });
  const present = concat(...siblings.filter((s) => !isEmptyState(s)));
  return [siblings.length, bitmap, present, other === null ? null : concat(other.keyHash, other.valueHash)];
}

/** @throws AnamnesisError `core/bad-encoding` on anything but the one form of a proof */
export function stateProofFromCbor(value: Cbor | undefined): StateProof {
  const [depth, bitmapField, presentField, otherField] = asTuple(value, 4, "state proof");
  const count = asUint(depth, "depth");
  if (count > DEPTH_MAX) throw badEncoding("state proof", `deeper than ${DEPTH_MAX}`);
  const bitmap = asBytes(bitmapField, Math.ceil(count / 8), "bitmap");
  const present = asBytesUpTo(presentField, DEPTH_MAX * 32, "siblings");
  const siblings: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < 8 * bitmap.length; i++) {
    const set = bitAt(bitmap, i) === 1;
    if (i >= count && set) throw badEncoding("state proof", "bits behind the last sibling");
    if (i >= count) continue;
    siblings.push(set ? asSibling(present.slice(at, at + 32)) : EMPTY_STATE);
    if (set) at += 32;
  }
  if (at !== present.length) throw badEncoding("state proof", "another number of siblings than the bitmap says");
  return { siblings, other: parseOther(otherField) };
}

function asSibling(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32) throw badEncoding("state proof", "another number of siblings than the bitmap says");
  if (isEmptyState(bytes)) throw badEncoding("state proof", "an empty sibling that is not in the bitmap");
  return bytes;
}

function parseOther(value: Cbor | undefined): StateProof["other"] {
  if (value === null) return null;
  const bytes = asBytes(value, 64, "other leaf");
  return { keyHash: bytes.slice(0, 32), valueHash: bytes.slice(32) };
}

export const encodeStateProof = (proof: StateProof): Uint8Array => encode(stateProofToCbor(proof));

/** @throws AnamnesisError `core/bad-encoding` */
export const decodeStateProof = (bytes: Bytes): StateProof => stateProofFromCbor(decode(bytes, "state proof"));
