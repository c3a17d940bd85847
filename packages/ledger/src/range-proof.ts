/**
 * Proof that a run of leaves stands in a tree: the hashes of the largest subtrees beside the run, from left to right. The
 * tree of RFC 6962 §2.1 is walked from its root; what lies outside the run is taken from the proof, what lies inside is
 * computed from the leaves. A run of one leaf costs what an inclusion proof costs.
 */
import { type Bytes, invariant } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type HashReader, isHash, isSize, nodeHash, rangeHash, splitPoint, treeHash } from "./merkle-tree.ts";

/** At most two subtrees beside the run on each level. */
export const RANGE_PATH_MAX = 106;

/** The proof of leaves `[from, to)`, which are not empty, in the tree of the first `size` leaves. */
export function rangePath(p: Primitives, reader: HashReader, from: number, to: number, size: number): Uint8Array[] {
  invariant(isSize(size) && isSize(from) && from < to && to <= size, "a run of leaves inside the tree");
  const path: Uint8Array[] = [];
  const walk = (start: number, end: number): void => {
    if (start >= from && end <= to) return;
    if (end <= from || start >= to) {
      path.push(rangeHash(p, reader, start, end));
      return;
    }
    const middle = start + splitPoint(end - start);
    walk(start, middle);
    walk(middle, end);
  };
  walk(0, size);
  return path;
}

/**
 * The root that the run leads to; `undefined` when the path cannot belong to it.
 * @param hashes leaf hashes of the run, packed
 */
export function rootFromRange(
  p: Primitives,
  hashes: Bytes,
  from: number,
  size: number,
  path: readonly Bytes[],
): Uint8Array | undefined {
  const to = from + hashes.length / 32;
  if (!isSize(size) || !isSize(from) || !isSize(to) || from >= to || to > size || !path.every(isHash)) return undefined;
  let used = 0;
  const walk = (start: number, end: number): Uint8Array | undefined => {
    if (start >= from && end <= to) return treeHash(p, run(hashes, start - from, end - from));
    if (end <= from || start >= to) return path[used++];
    const middle = start + splitPoint(end - start);
    const left = walk(start, middle);
    const right = walk(middle, end);
    return left === undefined || right === undefined ? undefined : nodeHash(p, left, right);
  };
  const root = walk(0, size);
  return used === path.length ? root?.slice() : undefined;
}

const run = (hashes: Bytes, from: number, to: number): Uint8Array => hashes.subarray(32 * from, 32 * to);
