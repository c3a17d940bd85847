/** Hashing a tree's leaves and nodes four at a time, where the provider can. */
import type { Bytes } from "@anamnesis/core";
import type { Lanes, PurePrimitives } from "@anamnesis/crypto";

const HASH_BYTES = 32;
/** Fewer are not worth it: the first use has to compile the kernel. */
const LANES_FROM = 64;
/** Messages that are hashed together: they and their digests stay in the processor's nearest cache. */
const TOGETHER = 64;
/** Leaves of a log are no longer (its bundles have two bytes for the length); others are hashed one by one. */
export const LANE_LEAF_MAX = 65_535;

export const lanesFor = (p: PurePrimitives, hashes: number): Lanes | undefined =>
  hashes >= LANES_FROM ? p.lanes?.() : undefined;

/** SHA-256(0x00 ‖ leaf) of each leaf, packed into `out`. */
export function leafHashesInLanes(lanes: Lanes, leaves: readonly Bytes[], out: Uint8Array): void {
  lanes.clear();
  let done = 0;
  for (const leaf of leaves) {
    const length = leaf.length + 1;
    if (lanes.count === TOGETHER || lanes.place(length) < 0) done = drain(lanes, out, done);
    const at = lanes.place(length);
    lanes.bytes[at] = 0;
    lanes.bytes.set(leaf, at + 1);
    lanes.add(length);
  }
  drain(lanes, out, done);
}

/** SHA-256(0x01 ‖ left ‖ right) of the first pairs of a run, written over its beginning: behind what is read next. */
export function pairsInLanes(lanes: Lanes, row: Uint8Array, pairs: number): void {
  lanes.clear();
  let done = 0;
  for (let i = 0; i < pairs; i++) {
    if (lanes.count === TOGETHER) done = drain(lanes, row, done);
    const at = lanes.place(1 + 2 * HASH_BYTES);
    const { bytes } = lanes;
    bytes[at] = 1;
    const from = 2 * HASH_BYTES * i;
    for (let b = 0; b < 2 * HASH_BYTES; b++) bytes[at + 1 + b] = row[from + b] as number;
    lanes.add(1 + 2 * HASH_BYTES);
  }
  drain(lanes, row, done);
}

function drain(lanes: Lanes, out: Uint8Array, done: number): number {
  lanes.run();
  out.set(lanes.bytes.subarray(lanes.digestAt(0), lanes.digestAt(lanes.count)), done * HASH_BYTES);
  const next = done + lanes.count;
  lanes.clear();
  return next;
}
