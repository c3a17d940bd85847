import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leafHashes, rangePath, rootFromRange } from "../src/index.ts";
import { leaves, naiveReader, naiveRoot, p } from "./support.ts";

const ranges = fc
  .integer({ min: 1, max: 70 })
  .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)))
  .chain(([size, from]) => fc.tuple(fc.constant(size), fc.constant(from), fc.integer({ min: from + 1, max: size })));

describe("the proof of a run of leaves", () => {
  it("leads to the root for every run of every tree", () => {
    fc.assert(
      fc.property(ranges, ([size, from, to]) => {
        const data = leaves(size);
        const path = rangePath(p, naiveReader(data), from, to, size);
        const root = rootFromRange(p, leafHashes(p, data.slice(from, to)), from, size, path);
        expect(root).toEqual(naiveRoot(data));
      }),
    );
  });

  it("leads elsewhere or nowhere for another run, place or path", () => {
    fc.assert(
      fc.property(ranges, fc.nat(1000), ([size, from, to], seed) => {
        const data = leaves(size);
        const path = rangePath(p, naiveReader(data), from, to, size);
        const hashes = leafHashes(p, data.slice(from, to));
        const flipped = hashes.slice();
        const at = seed % flipped.length;
        flipped[at] = (flipped[at] ?? 0) ^ 1;
        expect(rootFromRange(p, flipped, from, size, path)).not.toEqual(naiveRoot(data));
        expect(rootFromRange(p, hashes, from, size, [...path, new Uint8Array(32)])).toBeUndefined();
        if (path.length > 0) expect(rootFromRange(p, hashes, from, size, path.slice(1))).toBeUndefined();
        expect(rootFromRange(p, hashes, from + size, size, path)).toBeUndefined();
      }),
    );
  });

  it("is refused without leaves or with a hash of another length", () => {
    expect(rootFromRange(p, new Uint8Array(0), 0, 5, [])).toBeUndefined();
    expect(rootFromRange(p, leafHashes(p, leaves(1)), 0, 2, [new Uint8Array(31)])).toBeUndefined();
  });
});
