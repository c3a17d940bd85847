/**
 * The Merkle tree of RFC 6962 §2.1: roots, inclusion and consistency proofs, and the frontier that lets a log grow
 * without looking back.
 *
 * A tree of n leaves splits at the largest power of two below n, so it is a row of perfect subtrees, one per set bit of
 * n, largest first. `Frontier` holds that row. Everything else asks a `HashReader` for perfect subtrees only.
 *
 * Sizes and indices are plain numbers below 2^53; no operator here cuts them to 32 bits.
 * Runs of hashes ("packed") are one array of 32 bytes each, which spares the hot path an object per leaf.
 */
import { type Bytes, concat, equal, invariant } from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import { LANE_LEAF_MAX, lanesFor, leafHashesInLanes, pairsInLanes } from "./merkle-lanes.ts";

export const HASH_BYTES = 32;

/** Hashes of perfect subtrees: `hash(level, index)` covers leaves `[index · 2^level, (index + 1) · 2^level)`. */
export interface HashReader {
  hash(level: number, index: number): Uint8Array;
}

const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1);
const LEAF_SCRATCH = 1024;
const leafScratch = new Uint8Array(LEAF_SCRATCH);

/** SHA-256(0x00 ‖ leaf) into `out[offset .. offset + 32]`. */
export function leafHashInto(p: PurePrimitives, leaf: Bytes, out: Uint8Array, offset: number): void {
  const length = leaf.length + 1;
  const input = length <= LEAF_SCRATCH ? leafScratch.subarray(0, length) : new Uint8Array(length);
  input[0] = 0;
  input.set(leaf, 1);
  p.sha256Into(input, out, offset);
}

export function leafHash(p: PurePrimitives, leaf: Bytes): Uint8Array {
  const out = new Uint8Array(HASH_BYTES);
  leafHashInto(p, leaf, out, 0);
  return out;
}

/** What `rootOnce` computed, as long as its arrays live: the same whoever provides SHA-256. */
const knownHashes = new WeakMap<readonly Bytes[], Uint8Array>();
const knownRoots = new WeakMap<Bytes, Uint8Array>();

/**
 * The root over leaves of which it will be asked again: for this very array `leafHashes` knows the answer from then on, and
 * `treeHash` for that. The caller sees to it that the leaves' bytes stay as they are.
 */
export function rootOnce(p: PurePrimitives, leaves: readonly Bytes[]): Uint8Array {
  const hashes = leafHashes(p, leaves);
  const root = treeHash(p, hashes);
  knownHashes.set(leaves, hashes);
  knownRoots.set(hashes, root);
  return root.slice();
}

/** Packed leaf hashes of many leaves. */
export function leafHashes(p: PurePrimitives, leaves: readonly Bytes[]): Uint8Array {
  const known = knownHashes.get(leaves);
  if (known !== undefined) return known;
  const out = new Uint8Array(leaves.length * HASH_BYTES);
  const lanes = leaves.every((leaf) => leaf.length <= LANE_LEAF_MAX) ? lanesFor(p, leaves.length) : undefined;
  if (lanes !== undefined) {
    leafHashesInLanes(lanes, leaves, out);
    return out;
  }
  let at = 0;
  for (const leaf of leaves) {
    leafHashInto(p, leaf, out, at);
    at += HASH_BYTES;
  }
  return out;
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(p: PurePrimitives, left: Bytes, right: Bytes): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  const out = new Uint8Array(HASH_BYTES);
  p.sha256Into(nodeInput, out, 0);
  return out;
}

/** The root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (p: PurePrimitives): Uint8Array => p.sha256(new Uint8Array(0));

/** Hash of the pair at `from` (64 bytes), written to `to`; both in `buffer`. */
function hashPair(p: PurePrimitives, buffer: Uint8Array, from: number, to: number): void {
  // A loop: making a view for every pair costs more than the copy.
  for (let i = 0; i < 2 * HASH_BYTES; i++) nodeInput[1 + i] = buffer[from + i] as number;
  p.sha256Into(nodeInput, buffer, to);
}

/** The first `pairs` pairs of a run become one hash each, at the run's beginning. */
function hashPairs(p: PurePrimitives, row: Uint8Array, pairs: number): void {
  const lanes = lanesFor(p, pairs);
  if (lanes !== undefined) pairsInLanes(lanes, row, pairs);
  else for (let i = 0; i < pairs; i++) hashPair(p, row, 2 * i * HASH_BYTES, i * HASH_BYTES);
}

/** Root of the tree over packed leaf hashes. Level by level, a last one without a partner moves up unchanged. */
export function treeHash(p: PurePrimitives, packed: Bytes): Uint8Array {
  const known = knownRoots.get(packed);
  if (known !== undefined) return known.slice();
  let count = countHashes(packed);
  if (count === 0) return emptyRoot(p);
  // Not `slice`: a Buffer's is a view, and the caller's hashes would be written over.
  const row = new Uint8Array(packed);
  while (count > 1) {
    const pairs = Math.floor(count / 2);
    hashPairs(p, row, pairs);
    if (count % 2 === 1) row.copyWithin(pairs * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
    count = Math.ceil(count / 2);
  }
  return row.slice(0, HASH_BYTES);
}

/** How many hashes a packed run holds. */
export function countHashes(packed: Bytes): number {
  invariant(packed.length % HASH_BYTES === 0, "a run of 32-byte hashes");
  return packed.length / HASH_BYTES;
}

/** Hash number `i` of a packed run, as a view. */
export const hashAt = (packed: Bytes, i: number): Uint8Array => packed.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);

/** The right edge of a growing tree: at most 53 hashes, from which the root and every append follow. */
export class Frontier {
  readonly #p: PurePrimitives;
  #size: number;
  #count: number;
  readonly #stack: Uint8Array;

  constructor(p: PurePrimitives) {
    this.#p = p;
    this.#size = 0;
    this.#count = 0;
    this.#stack = new Uint8Array(54 * HASH_BYTES);
  }

  /** From what `hashes` returned at that size. */
  static restore(p: PurePrimitives, size: number, packed: Bytes): Frontier {
    invariant(
      isSize(size) && countHashes(packed) === bitCount(size),
      "a frontier with one hash per set bit of its size",
    );
    const f = new Frontier(p);
    f.#size = size;
    f.#count = countHashes(packed);
    f.#stack.set(packed);
    return f;
  }

  /** From any reader of perfect subtrees. */
  static read(p: PurePrimitives, reader: HashReader, size: number): Frontier {
    invariant(isSize(size), "a tree size");
    const f = new Frontier(p);
    for (const { level, index } of perfectSubtrees(0, size)) {
      f.#stack.set(reader.hash(level, index), f.#count * HASH_BYTES);
      f.#count++;
    }
    f.#size = size;
    return f;
  }

  get size(): number {
    return this.#size;
  }

  /** Packed hashes of the perfect subtrees, largest first. */
  hashes(): Uint8Array {
    return this.#stack.slice(0, this.#count * HASH_BYTES);
  }

  clone(): Frontier {
    return Frontier.restore(this.#p, this.#size, this.#stack.subarray(0, this.#count * HASH_BYTES));
  }

  /**
   * Appends the leaf hash at `packed[at .. at + 32]`. Each subtree of 256^k leaves that it completes is handed to
   * `full(k, hash)` as a view valid during the call: these are the hashes that tiles consist of.
   */
  append(packed: Bytes, at = 0, full?: (tileLevel: number, hash: Bytes) => void): void {
    const stack = this.#stack;
    for (let i = 0; i < HASH_BYTES; i++) stack[this.#count * HASH_BYTES + i] = packed[at + i] as number;
    let top = this.#count;
    let level = 0;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) {
      top--;
      level++;
      hashPair(this.#p, stack, top * HASH_BYTES, top * HASH_BYTES);
      if (full !== undefined && level % 8 === 0) full(level / 8, hashAt(stack, top));
    }
    this.#count = top + 1;
    this.#size++;
  }

  /**
   * Appends a run of leaf hashes; `full` as in `append`, by rising level. One level after the other: the new subtrees of
   * a level, and before them the old one on its right edge where that has no partner yet, are the pairs of the next.
   */
  appendAll(packed: Bytes, full?: (tileLevel: number, hash: Bytes) => void): void {
    const edges = this.#edges();
    const added = countHashes(packed);
    let row: Uint8Array = new Uint8Array(packed);
    for (let level = 0; row.length > 0; level++) {
      if (level > 0 && level % 8 === 0 && full !== undefined) {
        for (let i = 0; i < row.length / HASH_BYTES; i++) full(level / 8, hashAt(row, i));
      }
      const left = edges[level];
      if (left !== undefined) row = concat(left, row);
      const pairs = Math.floor(row.length / (2 * HASH_BYTES));
      edges[level] = row.length % (2 * HASH_BYTES) === 0 ? undefined : row.slice(-HASH_BYTES);
      hashPairs(this.#p, row, pairs);
      row = row.subarray(0, pairs * HASH_BYTES);
    }
    this.#size += added;
    this.#count = 0;
    for (const edge of edges.reverse()) {
      if (edge !== undefined) this.#stack.set(edge, this.#count++ * HASH_BYTES);
    }
  }

  /** The perfect subtrees by level. */
  #edges(): (Uint8Array | undefined)[] {
    const edges: (Uint8Array | undefined)[] = [];
    let at = this.#count;
    for (let n = this.#size; n > 0; n = Math.floor(n / 2)) {
      edges.push(n % 2 === 1 ? hashAt(this.#stack, --at).slice() : undefined);
    }
    return edges;
  }

  root(): Uint8Array {
    if (this.#count === 0) return emptyRoot(this.#p);
    const row = this.hashes();
    for (let i = this.#count - 2; i >= 0; i--) hashPair(this.#p, row, i * HASH_BYTES, i * HASH_BYTES);
    return row.slice(0, HASH_BYTES);
  }
}

/** Whether `n` can be the size of a tree. */
export const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

function bitCount(n: number): number {
  let bits = 0;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

/** The largest power of two below n (n ≥ 2). */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The row of perfect subtrees over leaves `[start, end)`; `start` must be aligned as in a split of an RFC 6962 tree. */
export function perfectSubtrees(start: number, end: number): { level: number; index: number }[] {
  const row: { level: number; index: number }[] = [];
  for (let at = start; at < end; ) {
    let width = 1;
    let level = 0;
    while (width * 2 <= end - at) {
      width *= 2;
      level++;
    }
    invariant(at % width === 0, "an aligned range of leaves");
    row.push({ level, index: at / width });
    at += width;
  }
  return row;
}

/** Root of the leaves `[start, end)` as it stands inside the tree. */
export function rangeHash(p: PurePrimitives, reader: HashReader, start: number, end: number): Uint8Array {
  const row = perfectSubtrees(start, end).map(({ level, index }) => reader.hash(level, index));
  const last = row.pop();
  return last === undefined ? emptyRoot(p) : row.reduceRight((right, left) => nodeHash(p, left, right), last);
}

export const isHash = (b: Bytes): boolean => b.length === HASH_BYTES;
export const sameHash = (a: Bytes | undefined, b: Bytes): boolean => a !== undefined && isHash(b) && equal(a, b);
