import { fromHex } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencyPath,
  countHashes,
  Frontier,
  hashAt,
  inclusionPath,
  leafHash,
  leafHashes,
  rootFromInclusion,
  rootOnce,
  treeHash,
  verifyConsistency,
  verifyInclusion,
} from "../src/merkle.ts";
import { hex, leaf, leaves, naiveReader, naiveRoot, p, vectors } from "./support.ts";

interface Vectors {
  leaves: string[];
  roots: string[];
  inclusion: { index: number; size: number; path: string[] }[];
  consistency: { older: number; newer: number; path: string[] }[];
  frozen: { leaf: string; size: number; root: string }[];
}
const v = vectors<Vectors>("merkle");
const data = v.leaves.map(fromHex);
const root = (n: number) => fromHex(v.roots[n]!);
const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const out = bytes.slice();
  out[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return out;
};

describe("RFC 6962 reference vectors", () => {
  it("gives the roots of sizes 0 to 8, by tree and by frontier", () => {
    for (let n = 0; n <= 8; n++) {
      const hashes = leafHashes(p, data.slice(0, n));
      const frontier = new Frontier(p);
      for (let i = 0; i < n; i++) frontier.append(hashes, i * 32);
      expect(hex(treeHash(p, hashes))).toBe(v.roots[n]);
      expect(hex(frontier.root())).toBe(v.roots[n]);
    }
  });

  it("gives and accepts the audit paths", () => {
    for (const { index, size, path } of v.inclusion) {
      expect(inclusionPath(p, naiveReader(data), index, size).map(hex)).toEqual(path);
      expect(verifyInclusion(p, leafHash(p, data[index]!), index, size, path.map(fromHex), root(size))).toBe(true);
    }
  });

  it("gives and accepts the consistency proofs", () => {
    for (const { older, newer, path } of v.consistency) {
      expect(consistencyPath(p, naiveReader(data), older, newer).map(hex)).toEqual(path);
      const [old, now] = [older, newer].map((size) => ({ size, root: root(size) }));
      expect(verifyConsistency(p, old!, now!, path.map(fromHex))).toBe(true);
    }
  });

  it("keeps the frozen roots of larger logs", () => {
    for (const { size, root: frozen } of v.frozen) {
      expect(hex(treeHash(p, leafHashes(p, leaves(size))))).toBe(frozen);
    }
  });

  it("are the same when they were asked for before, and nobody's copy of them is another's", () => {
    for (const size of [0, 1, 2, 3, 8, 300]) {
      const [list, again] = [leaves(size), leaves(size)];
      const first = rootOnce(p, list);
      expect(hex(first)).toBe(hex(treeHash(p, leafHashes(p, again))));
      first.fill(0);
      const hashes = leafHashes(p, list);
      expect(leafHashes(p, list)).toBe(hashes); // not computed again
      treeHash(p, hashes).fill(0);
      expect(hex(treeHash(p, hashes))).toBe(hex(treeHash(p, leafHashes(p, again))));
      expect(hashes).toEqual(leafHashes(p, again));
    }
  });
});

describe("proofs at every place", () => {
  it("holds for every leaf of every tree up to 34 leaves and some above, and stays within 32·⌈log2 n⌉ bytes", () => {
    const all = leaves(70);
    for (let size = 1; size <= all.length; size += size < 34 ? 1 : 5) {
      const reader = naiveReader(all.slice(0, size));
      const now = naiveRoot(all.slice(0, size));
      for (let index = 0; index < size; index++) {
        const path = inclusionPath(p, reader, index, size);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(verifyInclusion(p, leafHash(p, leaf(index)), index, size, path, now)).toBe(true);
      }
    }
  });

  it("holds for every pair of sizes up to 40", () => {
    const all = leaves(40);
    const roots = all.map((_, n) => naiveRoot(all.slice(0, n)));
    for (let n = 0; n < all.length; n++) {
      for (let m = 0; m <= n; m++) {
        const path = consistencyPath(p, naiveReader(all), m, n);
        expect(verifyConsistency(p, { size: m, root: roots[m]! }, { size: n, root: roots[n]! }, path)).toBe(true);
      }
    }
  });

  it("refuses a changed leaf, index, size, path or root", () => {
    const size = fc.integer({ min: 2, max: 300 });
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (n, at, bit) => {
        const all = leaves(n);
        const index = at % n;
        const path = inclusionPath(p, naiveReader(all), index, n);
        const now = naiveRoot(all);
        const hash = leafHash(p, leaf(index));
        const k = bit % path.length;
        expect(verifyInclusion(p, flip(hash, bit % 256), index, n, path, now)).toBe(false);
        expect(verifyInclusion(p, hash, index, n, path.with(k, flip(path[k]!, bit % 256)), now)).toBe(false);
        expect(verifyInclusion(p, hash, index, n, path, flip(now, bit % 256))).toBe(false);
        expect(verifyInclusion(p, hash, (index + 1 + (bit % (n - 1))) % n, n, path, now)).toBe(false);
        expect(verifyInclusion(p, hash, index, n, path.slice(1), now)).toBe(false);
        expect(verifyInclusion(p, hash, index, n, [...path, now], now)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a history that was rewritten", () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 120 }), fc.nat());
    fc.assert(
      fc.property(pair, ([m, more, pick]) => {
        const all = leaves(m + more);
        const other = all.with(pick % m, leaf(9999));
        const path = consistencyPath(p, naiveReader(other), m, m + more);
        const older = { size: m, root: naiveRoot(all.slice(0, m)) };
        const newer = { size: m + more, root: naiveRoot(other) };
        expect(verifyConsistency(p, older, newer, path)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("answers malformed input with false, never with an exception", () => {
    const h = leafHash(p, leaf(0));
    const short = h.slice(1);
    expect(verifyInclusion(p, h, 0, 0, [], h)).toBe(false);
    expect(verifyInclusion(p, h, 1, 1, [], h)).toBe(false);
    expect(verifyInclusion(p, h, -1, 1, [], h)).toBe(false);
    expect(verifyInclusion(p, h, 0.5, 1, [], h)).toBe(false);
    expect(verifyInclusion(p, h, 0, 2 ** 53, [], h)).toBe(false);
    expect(verifyInclusion(p, short, 0, 1, [], short)).toBe(false);
    expect(verifyInclusion(p, h, 0, 2, [short], h)).toBe(false);
    expect(rootFromInclusion(p, h, 0, 1, [h])).toBeUndefined();
    const tree = { size: 2, root: h };
    expect(verifyConsistency(p, tree, { size: 1, root: h }, [])).toBe(false);
    expect(verifyConsistency(p, tree, { size: 3, root: h }, [])).toBe(false);
    expect(verifyConsistency(p, { size: 3, root: h }, { size: 4, root: h }, [])).toBe(false);
    expect(verifyConsistency(p, tree, { size: 3, root: h }, [short])).toBe(false);
    expect(verifyConsistency(p, { size: 2, root: short }, { size: 2, root: short }, [])).toBe(false);
    expect(verifyConsistency(p, { size: 0, root: h }, tree, [])).toBe(false);
    expect(verifyConsistency(p, tree, tree, [h])).toBe(false);
  });

  it("works beyond 32 bits: a path in a log of 2^40 + 1 leaves", () => {
    const size = 2 ** 40 + 1;
    const hashes = (level: number, index: number) =>
      p.sha256(Uint8Array.of(level, index % 251, Math.floor(index / 2 ** 32)));
    const last = hashes(0, size - 1);
    const path = inclusionPath(p, { hash: hashes }, size - 1, size);
    expect(path).toHaveLength(1);
    const whole = rootFromInclusion(p, last, size - 1, size, path);
    expect(whole).toBeDefined();
    const first = inclusionPath(p, { hash: hashes }, 3, size);
    expect(first).toHaveLength(41);
    expect(hex(first[40]!)).toBe(hex(last));
  });
});

describe("frontier", () => {
  it("equals the definition after any sequence of appends, and survives being saved", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 80 }), (n, more) => {
        const hashes = leafHashes(p, leaves(n + more));
        const one = new Frontier(p);
        for (let i = 0; i < n; i++) one.append(hashAt(hashes, i));
        const two = Frontier.restore(p, n, one.hashes());
        for (let i = n; i < n + more; i++) two.append(hashes, i * 32);
        expect(two.size).toBe(n + more);
        expect(hex(two.root())).toBe(hex(treeHash(p, hashes)));
        expect(hex(one.root())).toBe(hex(treeHash(p, hashes.subarray(0, n * 32))));
        expect(countHashes(two.hashes())).toBe((n + more).toString(2).replaceAll("0", "").length);
        const read = Frontier.read(p, naiveReader(leaves(n)), n);
        expect(hex(read.hashes())).toBe(hex(one.hashes()));
      }),
      { numRuns: 25 },
    );
  });

  it("refuses hashes that do not fit the size", () => {
    expect(() => Frontier.restore(p, 3, new Uint8Array(32))).toThrow(/one hash per set bit/);
    expect(() => Frontier.restore(p, 1, new Uint8Array(31))).toThrow(/32-byte hashes/);
  });
});
