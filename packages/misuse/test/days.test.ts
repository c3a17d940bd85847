import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Access, Facts } from "../src/index.ts";
import { median, spreadOf } from "../src/robust.ts";
import { access, DAY, hospital, look, MINUTE, NOON, reasonOf } from "./hospital.ts";

const rush = (patients: readonly number[], over: Partial<Access> = {}, pause = MINUTE): Access[] =>
  patients.map((p, i) => access({ patient: String(p), time: NOON + i * pause, ...over }));
const upTo = (n: number, from = 1, step = 1): number[] => Array.from({ length: n }, (_, i) => from + i * step);
const scattered = (n: number): number[] => upTo(n).map((i) => ((i * 7_919) % 9_973) + 10_000);

describe("median and deviation", () => {
  it("are those of a sorted list, and a quarter of wild values does not move them far", () => {
    const values = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(values, (list) => {
        const sorted = list.toSorted((a, b) => a - b);
        expect(sorted.filter((v) => v < median(list)).length).toBeLessThanOrEqual(list.length / 2);
        expect(sorted.filter((v) => v > median(list)).length).toBeLessThanOrEqual(list.length / 2);
        const wild = [...list, ...list.slice(0, Math.floor(list.length / 4)).map(() => 1e9)];
        expect(spreadOf(wild).median).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe("harvesting", () => {
  const runs = (accesses: readonly Access[], facts = hospital()) =>
    reasonOf(look(facts, accesses).findings, "harvesting");

  it.each([
    ["upwards", upTo(25)],
    ["downwards", upTo(25).toReversed()],
    ["in small steps", upTo(25, 100, 7)],
    ["with a stray look in between", [...upTo(12), 5_000, ...upTo(13, 13)]],
  ])("is seen %s", (_, numbers) => {
    expect(runs(rush(numbers))).toMatchObject({ patients: 25 });
  });

  it.each([
    ["few files", rush(upTo(15))],
    ["files in no order", rush(scattered(40))],
    ["long pauses", rush(upTo(25), {}, 10 * MINUTE)],
    ["large steps", rush(upTo(25, 1, 1_000))],
    ["writes", rush(upTo(25), { kind: "update" })],
    ["many looks into one file", rush(upTo(60).map(() => 3))],
  ])("is not seen in %s", (_, accesses) => {
    expect(runs(accesses)).toBeUndefined();
  });

  it("is not seen where the files are one's own patients'", () => {
    const facts = hospital();
    for (const p of upTo(25)) facts.addRelation({ patient: String(p), actor: "nurse", from: NOON - DAY, to: null });
    expect(runs(rush(upTo(25)), facts)).toBeUndefined();
  });

  it("holds for numbers with letters before them, and finds nothing in keys without order", () => {
    const named = (text: (n: number) => string) =>
      rush(upTo(25)).map((a) => ({ ...a, patient: text(Number(a.patient)) }));
    expect(runs(named((n) => `H${String(n).padStart(7, "0")}`))).toBeDefined();
    expect(runs(named((n) => `p-${n}x`))).toBeUndefined();
  });
});

describe("volume", () => {
  /** Ten nurses for six days, ten of their own patients each; on the last day one opens many more. */
  const week = (extra: readonly number[]): { facts: Facts; accesses: Access[] } => {
    const facts = hospital();
    const accesses: Access[] = [];
    for (let d = 0; d < 6; d++) {
      for (let n = 0; n < 10; n++) {
        const actor = `n${n}`;
        facts.addStaff({ actor, role: "nurse", department: `W${n}` });
        for (const p of upTo(10)) {
          const patient = String(n * 1_000 + p * 40);
          facts.addRelation({ patient, actor, from: NOON - DAY, to: null });
          accesses.push(access({ actor, patient, time: NOON + d * DAY + p * MINUTE }));
        }
      }
    }
    const last = NOON + 5 * DAY;
    for (const p of extra) accesses.push(access({ actor: "n3", patient: String(p), time: last + 60 * MINUTE }));
    return { facts, accesses };
  };

  it("is silent about an ordinary week", () => {
    const { facts, accesses } = week([]);
    expect(look(facts, accesses).findings).toEqual([]);
  });

  it("names who opened many more files than the role does, and the files that nothing explains", () => {
    const { facts, accesses } = week(scattered(60));
    const { findings } = look(facts, accesses);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ actor: "n3", patient: null, patients: 60 });
    expect(findings[0]?.reasons.map((r) => r.rule).toSorted()).toEqual(["unrelated-volume", "volume"]);
    expect(findings[0]?.named.every((a) => Number(a.patient) >= 10_000)).toBe(true);
  });

  it("does not count patients about whom something was written as unrelated", () => {
    const { facts, accesses } = week([]);
    const served = scattered(12).flatMap((p) =>
      (["read", "update"] as const).map((kind) =>
        access({ kind, actor: "n3", patient: String(p), time: NOON + 5 * DAY + 60 * MINUTE }),
      ),
    );
    expect(reasonOf(look(facts, [...accesses, ...served]).findings, "unrelated-volume")).toBeUndefined();
  });
});
