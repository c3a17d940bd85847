import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Rng } from "../src/random.ts";

const first = (rng: Rng, n = 8): number[] => Array.from({ length: n }, () => rng.uint32());

describe("Rng", () => {
  test("the same label gives the same numbers, another label others", () => {
    expect(first(new Rng("a"))).toEqual(first(new Rng("a")));
    expect(first(new Rng("a"))).not.toEqual(first(new Rng("b")));
  });

  test("a fork does not depend on how far its parent has gone", () => {
    const parent = new Rng("p");
    const before = first(parent.fork("x"));
    first(parent, 100);
    expect(first(parent.fork("x"))).toEqual(before);
    expect(first(parent.fork("y"))).not.toEqual(before);
  });

  test("int stays below its bound and reaches every value", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (label, below) => {
        const rng = new Rng(label);
        const seen = new Set(Array.from({ length: below * 40 }, () => rng.int(below)));
        expect(Math.max(...seen)).toBeLessThan(below);
        expect(seen.size).toBeGreaterThan(below * 0.9 - 1);
      }),
      { numRuns: 50 },
    );
  });

  test("the mean of many numbers is in the middle", () => {
    const rng = new Rng("mean");
    const sum = Array.from({ length: 100_000 }, () => rng.uint32() / 2 ** 32).reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / 100_000 - 0.5)).toBeLessThan(0.005);
  });

  test("shuffle keeps every element", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer()), (label, list) => {
        const byValue = (a: number, b: number): number => a - b;
        expect(new Rng(label).shuffle(list).sort(byValue)).toEqual([...list].sort(byValue));
      }),
    );
  });

  test("nothing can be picked from nothing", () => {
    expect(() => new Rng("x").pick([])).toThrow(RangeError);
  });
});
