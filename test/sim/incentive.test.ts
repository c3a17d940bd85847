import { describe, expect, it } from "vitest";
import { bars } from "../../sim/incentive/plot.ts";
import { replayAll, table, tryAll } from "../../sim/incentive/run.ts";

const SEEDS = 3;

describe("the incentive, simulated", () => {
  const replays = replayAll(SEEDS);
  const tried = tryAll(SEEDS);
  const seals = (scenario: string, rule: string) =>
    Object.fromEntries(
      Object.entries(replays.find((r) => r.scenario === scenario && r.rule === rule)?.seals ?? {}).map(([id, s]) => [
        id,
        s.mean,
      ]),
    );

  it("replays what is known of the published rule: never chosen who declares much, flooded who is new", () => {
    expect(seals("one declares 100,000", "published")["p1"]).toBe(0);
    expect(seals("a newcomer among three at 30,000", "published")["new"]).toBeGreaterThan(270);
    expect(seals("80/15/5 % load", "published")["p1"]).toBeLessThan(680);
    for (const id of ["p1", "p2", "p3"]) expect(seals("equal load", "published")[id]).toBeCloseTo(1000, -2);
  });

  it("gives everybody the same turns under ours, however much it declares and whenever it comes", () => {
    for (const [scenario, fair] of [
      ["one declares 100,000", 300],
      ["a newcomer among three at 30,000", 100],
    ] as const) {
      for (const each of Object.values(seals(scenario, "ours"))) expect(Math.abs(each - fair)).toBeLessThan(3);
    }
  });

  it("lets inflating pay under the published rule, and nothing under ours", () => {
    expect(tried.filter((each) => each.rule === "published" && each.pays).map((each) => each.foul)).toContain(
      "inflating: declares 100,000",
    );
    expect(tried.filter((each) => each.rule === "ours" && each.pays)).toEqual([]);
  });

  it("says all of it in a table and a plot", () => {
    const text = table(replays, tried, SEEDS).join("\n");
    const plot = bars(tried);
    for (const { foul } of tried) {
      expect(text).toContain(foul);
      expect(plot).toContain(foul);
    }
  });
});
