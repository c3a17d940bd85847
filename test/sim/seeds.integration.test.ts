import { describe, expect, it } from "vitest";
import { planOf } from "../../sim/plan.ts";
import { play } from "../../sim/play.ts";

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);

describe("the simulated consortium", () => {
  it.each(SEEDS)("keeps what it promised whatever happens: seed %i", async (seed) => {
    const { failure, leaves } = await play(seed, planOf(seed, 120));
    expect(failure).toBeUndefined();
    expect(leaves).toBeGreaterThan(2);
  });

  it("survives a power cut at every write of a block, torn ones included", async () => {
    const kinds = ["make", "make", "deliver", "deliver", "every-cut", "make", "deliver", "every-cut"] as const;
    const plan = kinds.map((kind, index) => ({ index, kind, seed: 1000 + index }));
    const { failure, cutsTried } = await play(78, plan);
    expect(failure).toBeUndefined();
    expect(cutsTried).toBeGreaterThan(50);
  });
});
