/** Inclusion and consistency proofs (RFC 6962 §2.1.1–2.1.2; the checks follow RFC 9162 §2.1.3.2 and §2.1.4.2). */
import { type Bytes, invariant } from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import {
  emptyRoot,
  type HashReader,
  isHash,
  isSize,
  nodeHash,
  rangeHash,
  sameHash,
  splitPoint,
} from "./merkle-tree.ts";

/** A proof is a list of 32-byte hashes, from the leaf upwards. */
export type MerklePath = readonly Uint8Array[];

/** The siblings between leaf `index` and the root of the first `size` leaves: at most ⌈log2 size⌉ hashes. */
export function inclusionPath(p: PurePrimitives, reader: HashReader, index: number, size: number): Uint8Array[] {
  invariant(isSize(size) && isSize(index) && index < size, "a leaf inside the tree");
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.push(rangeHash(p, reader, middle, end));
      end = middle;
    } else {
      path.push(rangeHash(p, reader, start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** The root that a path leads to; `undefined` when the path cannot belong to this leaf and size. */
export function rootFromInclusion(
  p: PurePrimitives,
  leaf: Bytes,
  index: number,
  size: number,
  path: MerklePath,
): Uint8Array | undefined {
  if (!isSize(size) || !isSize(index) || index >= size || !isHash(leaf)) return undefined;
  let at = index;
  let last = size - 1;
  let hash: Uint8Array = leaf;
  for (const sibling of path) {
    if (last === 0 || !isHash(sibling)) return undefined;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(p, sibling, hash);
      [at, last] = skipLoneLevels(at, last);
    } else {
      hash = nodeHash(p, hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

/** A last node without a sibling moves up unchanged: levels on which `at` is even have nothing to hash. */
function skipLoneLevels(at: number, last: number): [number, number] {
  let a = at;
  let l = last;
  while (a % 2 === 0 && a !== 0) {
    a /= 2;
    l = Math.floor(l / 2);
  }
  return [a, l];
}

/** Whether the leaf with hash `leaf` stands at `index` in the tree of `size` leaves with `root`. Never throws. */
export function verifyInclusion(
  p: PurePrimitives,
  leaf: Bytes,
  index: number,
  size: number,
  path: MerklePath,
  root: Bytes,
): boolean {
  return sameHash(rootFromInclusion(p, leaf, index, size, path), root);
}

/** Proof that the first `m` of `n` leaves are the tree of size `m`. Empty for m = 0 and m = n. */
export function consistencyPath(p: PurePrimitives, reader: HashReader, m: number, n: number): Uint8Array[] {
  invariant(isSize(m) && isSize(n) && m <= n, "an older size not above the newer one");
  if (m === 0 || m === n) return [];
  const path: Uint8Array[] = [];
  let start = 0;
  let end = n;
  while (m !== end) {
    const middle = start + splitPoint(end - start);
    if (m <= middle) {
      path.push(rangeHash(p, reader, middle, end));
      end = middle;
    } else {
      path.push(rangeHash(p, reader, start, middle));
      start = middle;
    }
  }
  // The verifier knows the old root already; only a subtree inside it has to be named.
  if (start !== 0) path.push(rangeHash(p, reader, start, end));
  return path.reverse();
}

/** Whether the tree `(n, newRoot)` continues the tree `(m, oldRoot)`. Never throws. */
export function verifyConsistency(
  p: PurePrimitives,
  older: { readonly size: number; readonly root: Bytes },
  newer: { readonly size: number; readonly root: Bytes },
  path: MerklePath,
): boolean {
  const m = older.size;
  const n = newer.size;
  if (!isSize(m) || !isSize(n) || m > n || !path.every(isHash)) return false;
  if (m === n) return path.length === 0 && isHash(older.root) && sameHash(older.root, newer.root);
  if (m === 0) return path.length === 0 && sameHash(emptyRoot(p), older.root) && isHash(newer.root);
  const roots = rootsFromConsistency(p, older, n, path);
  return roots !== undefined && sameHash(roots.old, older.root) && sameHash(roots.new, newer.root);
}

function rootsFromConsistency(
  p: PurePrimitives,
  older: { readonly size: number; readonly root: Bytes },
  n: number,
  path: MerklePath,
): { old: Uint8Array; new: Uint8Array } | undefined {
  let at = older.size - 1;
  let last = n - 1;
  while (at % 2 === 1) {
    at = (at - 1) / 2;
    last = Math.floor(last / 2);
  }
  // at = 0: the old tree is itself one perfect subtree of the new one, so the path leaves its root out.
  const seed = at === 0 ? older.root : path[0];
  if (seed === undefined || !isHash(seed)) return undefined;
  let oldHash = seed;
  let newHash = seed;
  for (const sibling of at === 0 ? path : path.slice(1)) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(p, sibling, oldHash);
      newHash = nodeHash(p, sibling, newHash);
      [at, last] = skipLoneLevels(at, last);
    } else {
      newHash = nodeHash(p, newHash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? { old: oldHash, new: newHash } : undefined;
}
