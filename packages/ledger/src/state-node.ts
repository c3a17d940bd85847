/**
 * Nodes of the state tree: a compact sparse Merkle tree over SHA-256(key), read from the most significant bit. A subtree
 * without keys is empty, one with a single key is that key's leaf, anything else is an inner node. So the tree's form
 * depends on the set of keys alone, and its depth is about log2 of their number.
 */
import { type Bytes, equal, invariant, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";

/**
 * Where the nodes live. A path is one byte of depth and then the leading bits of the key hash that lead there, zeros
 * behind them. Only the newest version is kept. Calls come in no particular order; each path at most once per update.
 */
export interface StateNodeStore {
  get(path: Uint8Array): Uint8Array | undefined;
  put(path: Uint8Array, node: Uint8Array): void;
  delete(path: Uint8Array): void;
}

export interface StateLeaf {
  readonly kind: "leaf";
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
}

interface StateInner {
  readonly kind: "inner";
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}

export type StateNode = StateLeaf | StateInner;

/** Root of the empty map, and hash of every empty subtree: 32 zero bytes, which no SHA-256 is known to give. */
export const EMPTY_STATE: Uint8Array = new Uint8Array(32);
export const isEmptyState = (hash: Bytes): boolean => equal(hash, EMPTY_STATE);

/** A leaf can stand no deeper: two hashes that agree in 255 bits are a collision in all but name. */
export const DEPTH_MAX = 255;

/** Where in the tree a key's value belongs: SHA-256 of the key in UTF-8. */
export const stateKeyHash = (p: Primitives, key: string): Uint8Array => p.sha256(utf8(key));

export const stateLeaf = (p: Primitives, keyHash: Uint8Array, value: Bytes): StateLeaf => ({
  kind: "leaf",
  keyHash,
  valueHash: p.sha256(value),
});

/** Bit `depth` of a key hash: 0 leads left, 1 right. */
export const bitAt = (keyHash: Bytes, depth: number): 0 | 1 =>
  (((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1;

/** Stored form: tag 0 = leaf (key hash, value hash), 1 = inner (left, right). The node's hash is SHA-256 of it. */
export function encodeStateNode(node: StateNode): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes[0] = node.kind === "leaf" ? 0 : 1;
  bytes.set(node.kind === "leaf" ? node.keyHash : node.left, 1);
  bytes.set(node.kind === "leaf" ? node.valueHash : node.right, 33);
  return bytes;
}

export const stateNodeHash = (p: Primitives, node: StateNode | undefined): Uint8Array =>
  node === undefined ? EMPTY_STATE : p.sha256(encodeStateNode(node));

/** Path of the node at `depth` on the way to `keyHash`; `flipped` gives its sibling. */
export function statePath(keyHash: Bytes, depth: number, flipped = false): Uint8Array {
  invariant(depth <= DEPTH_MAX, "key hashes that differ within 255 bits");
  const path = new Uint8Array(1 + Math.ceil(depth / 8));
  path[0] = depth;
  path.set(keyHash.subarray(0, path.length - 1), 1);
  const last = path.length - 1;
  if (depth % 8 !== 0) path[last] = (path[last] as number) & (0xff << (8 - (depth % 8)));
  if (flipped) path[last] = (path[last] as number) ^ (1 << (7 - ((depth - 1) & 7)));
  return path;
}

/**
 * The node at a path, checked against the hash that its parent (or the root) names.
 * @throws AnamnesisError `ledger/damaged-store` when it is missing or another one
 */
export function readStateNode(p: Primitives, store: StateNodeStore, path: Bytes, hash: Bytes): StateNode | undefined {
  if (isEmptyState(hash)) return undefined;
  const bytes = store.get(path);
  if (bytes === undefined || bytes.length !== 65 || !equal(p.sha256(bytes), hash)) {
    throw ledgerError("ledger/damaged-store", "a node of the state tree is missing or altered", {
      depth: path[0] ?? 0,
    });
  }
  const [first, second] = [bytes.slice(1, 33), bytes.slice(33)];
  return bytes[0] === 0
    ? { kind: "leaf", keyHash: first, valueHash: second }
    : { kind: "inner", left: first, right: second };
}
