/** The authenticated state: one batch of changes, one walk over the tree, one new root. */
import { type Bytes, compare, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  bitAt,
  EMPTY_STATE,
  encodeStateNode,
  isEmptyState,
  readStateNode,
  type StateLeaf,
  type StateNode,
  type StateNodeStore,
  stateKeyHash,
  stateLeaf,
  statePath,
} from "./state-node.ts";

export { EMPTY_STATE, type StateLeaf, type StateNodeStore, stateKeyHash } from "./state-node.ts";
export * from "./state-proof.ts";

/** `leaf` undefined = the key is gone afterwards. */
interface Change {
  readonly keyHash: Uint8Array;
  readonly leaf: StateLeaf | undefined;
}

/** A subtree after the update: its topmost node, if it is known, with the stored form, and its hash. */
interface Subtree {
  readonly node: StateNode | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly hash: Uint8Array;
}

/**
 * Applies all changes in one walk (sorted by key hash; shared nodes are read, hashed and written once) and returns the
 * new root. The result depends on the final set of keys and values only. The store is written as the walk goes, so
 * it must be inside the caller's transaction.
 *
 * @param root the root that the store stands at; `EMPTY_STATE` for a new one
 * @param changes key to new value; `undefined` deletes, also keys that are not there
 * @throws AnamnesisError `ledger/damaged-store` when a node on the way does not fit `root`
 */
export function updateState(
  p: Primitives,
  store: StateNodeStore,
  root: Bytes,
  changes: ReadonlyMap<string, Bytes | undefined>,
): Uint8Array {
  const sorted = [...changes].map(([key, value]): Change => {
    const keyHash = stateKeyHash(p, key);
    return { keyHash, leaf: value === undefined ? undefined : stateLeaf(p, keyHash, value) };
  });
  const first = sorted.sort((a, b) => compare(a.keyHash, b.keyHash))[0];
  if (first === undefined) return root.slice();
  const update = new Update(p, store);
  const top = update.apply(sorted, 0, root);
  update.replace(first.keyHash, 0, root, top);
  return top.hash;
}

class Update {
  readonly #p: Primitives;
  readonly #store: StateNodeStore;

  constructor(p: Primitives, store: StateNodeStore) {
    this.#p = p;
    this.#store = store;
  }

  /** The subtree at `depth` on the way to `changes` (never empty); its own node is left for the parent to store. */
  apply(changes: readonly Change[], depth: number, oldHash: Bytes): Subtree {
    const way = keyHashOf(changes);
    const old = readStateNode(this.#p, this.#store, statePath(way, depth), oldHash);
    if (old?.kind !== "inner") return this.#build(leavesAfter(old, changes), depth);
    const sides = split(changes, depth);
    const hashes = [old.left, old.right] as const;
    const left = this.#side(sides[0], depth + 1, hashes[0]);
    const right = this.#side(sides[1], depth + 1, hashes[1]);
    const lone = this.#lone(way, depth + 1, left, right);
    if (lone !== undefined) {
      this.#storeSide(way, depth + 1, 0, hashes[0], GONE);
      this.#storeSide(way, depth + 1, 1, hashes[1], GONE);
      return lone;
    }
    this.#storeSide(way, depth + 1, 0, hashes[0], left);
    this.#storeSide(way, depth + 1, 1, hashes[1], right);
    return this.#subtree({ kind: "inner", left: left.hash, right: right.hash });
  }

  /** Stores the node at `depth` on the way (or its sibling) when its hash changed. */
  replace(way: Bytes, depth: number, oldHash: Bytes, now: Subtree, sibling = false): void {
    if (equal(oldHash, now.hash)) return;
    const path = statePath(way, depth, sibling);
    if (now.bytes === undefined) this.#store.delete(path);
    else this.#store.put(path, now.bytes);
  }

  #side(changes: readonly Change[], depth: number, oldHash: Uint8Array): Subtree {
    if (changes.length > 0) return this.apply(changes, depth, oldHash);
    return { node: undefined, bytes: undefined, hash: oldHash };
  }

  /**
   * What an inner node turns into when at most one leaf is left below it: that leaf, or nothing. `undefined` when it
   * stays an inner node. Only here the sibling of a change may have to be read.
   */
  #lone(way: Bytes, depth: number, left: Subtree, right: Subtree): Subtree | undefined {
    if (isEmptyState(left.hash) && isEmptyState(right.hash)) return GONE;
    if (!isEmptyState(left.hash) && !isEmptyState(right.hash)) return undefined;
    const bit = isEmptyState(left.hash) ? 1 : 0;
    const rest = bit === 0 ? left : right;
    const path = statePath(way, depth, bitAt(way, depth - 1) !== bit);
    const node = rest.node ?? readStateNode(this.#p, this.#store, path, rest.hash);
    return node?.kind === "leaf" ? { node, bytes: encodeStateNode(node), hash: rest.hash } : undefined;
  }

  #storeSide(way: Bytes, depth: number, bit: 0 | 1, oldHash: Bytes, now: Subtree): void {
    this.replace(way, depth, oldHash, now, bitAt(way, depth - 1) !== bit);
  }

  /** A subtree from sorted leaves where the store has no nodes below `depth`. */
  #build(leaves: readonly StateLeaf[], depth: number): Subtree {
    const [first, second] = leaves;
    if (first === undefined) return GONE;
    if (second === undefined) return this.#subtree(first);
    const sides = split(leaves, depth);
    const left = this.#build(sides[0], depth + 1);
    const right = this.#build(sides[1], depth + 1);
    this.#storeSide(first.keyHash, depth + 1, 0, GONE.hash, left);
    this.#storeSide(first.keyHash, depth + 1, 1, GONE.hash, right);
    return this.#subtree({ kind: "inner", left: left.hash, right: right.hash });
  }

  #subtree(node: StateNode): Subtree {
    const bytes = encodeStateNode(node);
    return { node, bytes, hash: this.#p.sha256(bytes) };
  }
}

const GONE: Subtree = { node: undefined, bytes: undefined, hash: EMPTY_STATE };

function keyHashOf(changes: readonly Change[]): Uint8Array {
  return (changes[0] as Change).keyHash;
}

/** Divides a run sorted by key hash at the given bit. */
function split<T extends { readonly keyHash: Bytes }>(run: readonly T[], depth: number): [readonly T[], readonly T[]] {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bitAt((run[middle] as T).keyHash, depth) === 0) low = middle + 1;
    else high = middle;
  }
  return [run.slice(0, low), run.slice(low)];
}

/** The leaves below a place that held `old` or nothing, in order of their key hashes. */
function leavesAfter(old: StateLeaf | undefined, changes: readonly Change[]): StateLeaf[] {
  const leaves = changes.map((c) => c.leaf).filter((l) => l !== undefined);
  if (old === undefined || changes.some((c) => equal(c.keyHash, old.keyHash))) return leaves;
  return [...leaves, old].sort((a, b) => compare(a.keyHash, b.keyHash));
}
