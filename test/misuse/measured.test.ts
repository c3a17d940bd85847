/** The bench's simulation in small, so that a rule that stops working is noticed by `npm test`. Figures: docs/misuse.md. */
import { describe, expect, it } from "vitest";
import { scored } from "../../bench/misuse/score.ts";
import { simulate } from "../../bench/misuse/simulate.ts";
import { USUAL } from "../../bench/misuse/world.ts";

const SMALL = {
  ...USUAL,
  days: 28,
  patients: 3_000,
  admissionsPerDay: 8,
  outpatientsPerDay: 50,
  emergenciesPerDay: 20,
};

describe("misuse planted in a simulated hospital", () => {
  it("is found mostly, and mostly what is found was planted", () => {
    const run = scored("small", SMALL, 120);
    expect(run.legal).toBeGreaterThan(30_000);
    expect(run.cases).toBeGreaterThanOrEqual(110);
    expect(run.found / run.cases).toBeGreaterThan(0.65);
    expect(run.right / run.findings).toBeGreaterThan(0.7);
    for (const pattern of ["harvest in order", "bulk look-up", "own record", "household"] as const) {
      const { cases, found } = run.patterns[pattern];
      expect(found / cases, pattern).toBeGreaterThan(0.7);
    }
  });

  it("is the same for the same seed, and another for another", () => {
    const tiny = { ...SMALL, days: 3, patients: 500 };
    const once = simulate("one", tiny, 5);
    expect(simulate("one", tiny, 5).accesses).toEqual(once.accesses);
    expect(simulate("two", tiny, 5).accesses).not.toEqual(once.accesses);
  });
});
