/** A naive model of the state tree, and a node store that counts. */
import { compare, concat, toHex, utf8 } from "@anamnesis/core";
import type { StateNodeStore } from "../src/state-tree.ts";
import { p } from "./support.ts";

export type State = ReadonlyMap<string, Uint8Array>;

/** The root by definition: SHA-256 over a sorted array of leaves, halved at each bit. */
export function naiveStateRoot(state: State): Uint8Array {
  const leaves = [...state].map(([key, value]) => ({ keyHash: p.sha256(utf8(key)), valueHash: p.sha256(value) }));
  return halve(
    leaves.sort((a, b) => compare(a.keyHash, b.keyHash)),
    0,
  );
}

function halve(leaves: readonly { keyHash: Uint8Array; valueHash: Uint8Array }[], depth: number): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return new Uint8Array(32);
  if (leaves.length === 1) return p.sha256(concat(Uint8Array.of(0), only.keyHash, only.valueHash));
  const bit = (h: Uint8Array) => (h[Math.floor(depth / 8)]! >> (7 - (depth % 8))) % 2;
  const sides = [0, 1].map((b) =>
    halve(
      leaves.filter((l) => bit(l.keyHash) === b),
      depth + 1,
    ),
  );
  return p.sha256(concat(Uint8Array.of(1), ...sides));
}

export class NodeMap implements StateNodeStore {
  readonly nodes = new Map<string, Uint8Array>();
  reads = 0;
  writes: string[] = [];

  get(path: Uint8Array): Uint8Array | undefined {
    this.reads++;
    return this.nodes.get(toHex(path));
  }
  put(path: Uint8Array, node: Uint8Array): void {
    this.writes.push(toHex(path));
    this.nodes.set(toHex(path), node);
  }
  delete(path: Uint8Array): void {
    this.writes.push(toHex(path));
    this.nodes.delete(toHex(path));
  }
  reset(): void {
    this.reads = 0;
    this.writes = [];
  }
}
