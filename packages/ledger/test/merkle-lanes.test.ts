import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frontier, leafHashes, treeHash } from "../src/merkle.ts";
import { hex } from "./support.ts";

/** The portable provider has no lanes: every hash is computed on its own. */
const leavesOf = (count: number, length: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.from({ length: (length + i) % 300 }, (_, b) => b ^ i));

describe("trees hashed in lanes", () => {
  it("have the leaf hashes and roots of trees hashed one by one", () => {
    for (const count of [63, 64, 65, 127, 128, 129, 200, 1000]) {
      const leaves = leavesOf(count, count);
      const hashes = leafHashes(native, leaves);
      expect(hex(hashes)).toBe(hex(leafHashes(portable, leaves)));
      expect(hex(treeHash(native, hashes))).toBe(hex(treeHash(portable, hashes)));
    }
  });

  it("take leaves that are too long for a lane", () => {
    const leaves = leavesOf(70, 0);
    leaves[40] = new Uint8Array(70_000).fill(7);
    expect(hex(leafHashes(native, leaves))).toBe(hex(leafHashes(portable, leaves)));
  });
});

describe("a run appended at once", () => {
  it("gives the frontier, the root and the full subtrees that one leaf after the other gives", () => {
    const hashes = leafHashes(portable, leavesOf(1500, 3));
    const sizes = fc.tuple(fc.nat(700), fc.nat(800));
    fc.assert(
      fc.property(sizes, fc.constantFrom(native, portable), ([before, added], p) => {
        const single = new Frontier(portable);
        for (let i = 0; i < before; i++) single.append(hashes, 32 * i);
        const run = Frontier.restore(p, before, single.hashes());
        const told = { single: [] as string[], run: [] as string[] };
        for (let i = before; i < before + added; i++) {
          single.append(hashes, 32 * i, (level, hash) => told.single.push(`${level} ${hex(hash)}`));
        }
        const part = hashes.subarray(32 * before, 32 * (before + added));
        run.appendAll(part, (level, hash) => told.run.push(`${level} ${hex(hash)}`));
        expect(run.size).toBe(before + added);
        expect(hex(run.hashes())).toBe(hex(single.hashes()));
        expect(hex(run.root())).toBe(hex(single.root()));
        expect(told.run).toEqual(told.single.toSorted((a, b) => Number(a[0]) - Number(b[0])));
      }),
      { numRuns: 60 },
    );
  });

  it("goes on above 2^32 leaves", () => {
    const size = 2 ** 33 + 255;
    const packed = leafHashes(portable, leavesOf(41, 1)).subarray(0, 32 * bits(size));
    const single = Frontier.restore(portable, size, packed);
    const run = Frontier.restore(native, size, packed);
    single.append(packed);
    single.append(packed, 32);
    run.appendAll(packed.subarray(0, 64));
    expect(hex(run.root())).toBe(hex(single.root()));
  });
});

const bits = (n: number): number => [...n.toString(2)].filter((bit) => bit === "1").length;
