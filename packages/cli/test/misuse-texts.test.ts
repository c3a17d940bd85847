import type { Reason, RuleName } from "@anamnesis/node";
import { describe, expect, it } from "vitest";
import { timeOption } from "../src/arguments.ts";
import { en } from "../src/texts/en.ts";
import { zh } from "../src/texts/zh.ts";

const points = 1;
const role = "nurse";
/** One reason of each rule; the type makes sure that none is forgotten. */
const REASONS: { readonly [R in RuleName]: Extract<Reason, { readonly rule: R }> } = {
  "no-relation": { rule: "no-relation", points, visits: 2, of: 3, present: true, written: true },
  volume: { rule: "volume", points, patients: 90, usual: 12, limit: 40, role },
  "unrelated-volume": { rule: "unrelated-volume", points, patients: 30, usual: 1, limit: 8, role: "" },
  "same-family": { rule: "same-family", points, bearers: 1, among: 4_000 },
  "same-address": { rule: "same-address", points },
  neighbour: { rule: "neighbour", points, houses: 1 },
  "former-contact": { rule: "former-contact", points },
  colleague: { rule: "colleague", points, sameDepartment: true },
  vip: { rule: "vip", points },
  "own-record": { rule: "own-record", points },
  "odd-hours": { rule: "odd-hours", points, visits: 1, roster: false },
  repeated: { rule: "repeated", points, visits: 4, days: 3 },
  "long-after": { rule: "long-after", points, days: 200, deceased: false },
  "unfounded-emergency": { rule: "unfounded-emergency", points, visits: 1 },
  harvesting: { rule: "harvesting", points, patients: 40, minutes: 9, step: 1.5 },
};

describe("reasons read aloud", () => {
  it.each(Object.values(REASONS))("of $rule are one sentence in both languages", (reason) => {
    const [english, chinese] = [en.misuse.reason(reason), zh.misuse.reason(reason)];
    expect(english).toMatch(/^[A-Z0-9][^\n]+\.$/);
    expect(chinese).toMatch(/^[^\n]+。$/);
    for (const text of [english, chinese]) expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it("count in words that fit", () => {
    expect(en.misuse.reason(REASONS.neighbour)).toBe("They live in the same street, 1 house number apart.");
    expect(en.misuse.reason(REASONS["same-family"])).toContain("which 1 patient in 4000 has.");
  });
});

describe("--since and --until", () => {
  it("take dates and times", () => {
    expect(timeOption("2026-03-01")).toBe(Date.UTC(2026, 2, 1) * 1_000);
    expect(timeOption("2026-03-01T06:00+02:00")).toBe(Date.UTC(2026, 2, 1, 4) * 1_000);
  });

  it.each(["yesterday", "2026-13-01", "2026-03-01T25:00", "1-1-1", ""])("refuse %s", (text) => {
    expect(() => timeOption(text)).toThrow(/a time such as/);
  });
});
