/** `demo legal` as a user runs it, with fewer writes than the demonstration makes by itself. */
import { beforeAll, describe, expect, it } from "vitest";
import type { LegalOutcome } from "../src/demo/legal/life.ts";
import { anamnesis, type Ran } from "./process.ts";

const WRITES = 5_000;
let ran: Ran;
let outcome: LegalOutcome;

beforeAll(async () => {
  ran = await anamnesis(["demo", "legal", "--json", "--patients", "100", "--writes", String(WRITES), "--seed", "9"]);
  expect(ran.err).toBe("");
  outcome = JSON.parse(ran.out) as LegalOutcome;
}, 280_000);

describe("demo legal", () => {
  it("raises no false alarm over any kind of legal work", () => {
    expect(outcome.lived.flatMap((l) => l.examples)).toEqual([]);
    expect({ ok: outcome.ok, falseAlarms: outcome.falseAlarms, code: ran.code }).toEqual({
      ...{ ok: true, falseAlarms: 0, code: 0 },
    });
  });

  it("does so over at least thirty kinds, under writes, a fail-over and a restore", () => {
    expect(outcome.kinds).toBeGreaterThanOrEqual(30);
    expect(outcome.legalWrites).toBeGreaterThanOrEqual(WRITES);
    expect(outcome.lived.flatMap((l) => l.move ?? [])).toEqual(["failOver", "restore"]);
  });

  it("finds what nobody can compare any more until somebody says why", () => {
    const declared = outcome.lived.filter((l) => l.steps[0]?.sign === "reason");
    expect(declared.map((l) => l.steps[0]?.why)).toEqual([
      "text-lost",
      "column-gone",
      "attached",
      "detached",
      "dropped",
    ]);
    for (const { declared: found } of declared) expect(found).toBeGreaterThan(0);
  });
});
