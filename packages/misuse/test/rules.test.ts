import { describe, expect, it } from "vitest";
import type { Access, Facts } from "../src/index.ts";
import { access, DAY, EVERYTHING, HOUR, hospital, look, MINUTE, NOON, reasonOf } from "./hospital.ts";

const own = { patient: "1", actor: "nurse", from: NOON - DAY, to: NOON + DAY };
const told = (facts: Facts, rule: Parameters<typeof reasonOf>[1], accesses: readonly Access[] = [access()]) =>
  reasonOf(look(facts, accesses, EVERYTHING).findings, rule);

describe("no-relation", () => {
  it("speaks when nothing explains the visit, and says more of a patient who was not there", () => {
    const absent = told(hospital(), "no-relation");
    const facts = hospital();
    facts.addRelation({ patient: "1", department: "B2", from: NOON - DAY, to: NOON + DAY });
    const present = told(facts, "no-relation");
    expect([absent?.points, present?.points]).toEqual([4, 3]);
  });

  it.each([
    ["an own encounter", own],
    ["one that ended lately", { ...own, from: NOON - 20 * DAY, to: NOON - 10 * DAY }],
    ["one that begins soon", { ...own, from: NOON + DAY, to: null }],
    ["the department's bed", { patient: "1", department: "A1", from: NOON - DAY, to: null }],
  ])("is silent when there is %s", (_, relation) => {
    const facts = hospital();
    facts.addRelation(relation);
    expect(told(facts, "no-relation")).toBeUndefined();
  });

  it("is silent on a float nurse whom the roster puts on the patient's ward", () => {
    const facts = hospital();
    facts.addRelation({ patient: "1", department: "B2", from: NOON - DAY, to: null });
    facts.addShift({ actor: "nurse", department: "B2", from: NOON - HOUR, to: NOON + HOUR });
    expect(told(facts, "no-relation")).toBeUndefined();
    expect(told(facts, "no-relation", [access({ time: NOON + 5 * HOUR })])).toBeDefined();
  });

  it("weighs less when something was written, and for roles that serve the whole hospital", () => {
    const facts = hospital();
    facts.addStaff({ actor: "desk", role: "registration" });
    expect(told(facts, "no-relation", [access(), access({ kind: "update" })])?.points).toBeCloseTo(1.6);
    expect(told(facts, "no-relation", [access({ actor: "desk" })])?.points).toBe(2.5);
  });

  it("says nothing about people whom the directory does not know", () => {
    expect(told(hospital(), "no-relation", [access({ actor: "robot" })])).toBeUndefined();
    expect(look(hospital(), [access({ actor: "robot" })]).unknownActors).toEqual({ actors: 1, accesses: 1 });
  });
});

describe("signs that two people know each other", () => {
  const with1 = (over: Record<string, unknown>): Facts => {
    const facts = hospital();
    facts.addPatient({ patient: "1", ...over });
    return facts;
  };

  it("counts a rare family name in full, a common one not at all", () => {
    expect(told(with1({ family: "rarebird " }), "same-family")?.points).toBe(2.5);
    const facts = hospital();
    facts.addStaff({ actor: "nurse", role: "nurse", department: "A1", family: "Common" });
    facts.addPatient({ patient: "1", family: "Common" });
    expect(told(facts, "same-family")).toBeUndefined();
  });

  it("tells the same door from the same street", () => {
    expect(told(with1({ street: "mill  lane 12", town: "EASTMERE" }), "same-address")?.points).toBe(3);
    expect(told(with1({ street: "Mill Lane 14", town: "Eastmere" }), "neighbour")).toMatchObject({ houses: 2 });
    expect(told(with1({ street: "Mill Lane 40", town: "Eastmere" }), "neighbour")).toBeUndefined();
    expect(told(with1({ street: "Mill Lane 12", town: "Nordhaven" }), "same-address")).toBeUndefined();
  });

  it("knows contacts, colleagues and persons of public interest", () => {
    const facts = with1({ vip: true });
    facts.addContact({ patient: "1", actor: "nurse" });
    expect(told(facts, "vip")?.points).toBe(2);
    expect(told(facts, "former-contact")?.points).toBe(3);
    expect(told(facts, "colleague", [access({ patient: "7" })])).toMatchObject({ points: 2, sameDepartment: true });
  });

  it("means nothing while an own relation explains the visit, and less while the department's does", () => {
    const facts = with1({ street: "Mill Lane 12", town: "Eastmere" });
    facts.addRelation({ patient: "1", department: "A1", from: NOON - DAY, to: null });
    expect(told(facts, "same-address")?.points).toBeCloseTo(1.05);
    facts.addRelation(own);
    expect(look(facts, [access()], EVERYTHING).findings).toEqual([]);
  });

  it("reports one's own file whatever explains it", () => {
    const facts = hospital();
    facts.addStaff({ actor: "nurse", role: "nurse", patient: "1" });
    facts.addRelation(own);
    const { findings } = look(facts, [access()]);
    expect(findings).toMatchObject([{ score: 5, reasons: [{ rule: "own-record" }], named: [{ patient: "1" }] }]);
  });
});

describe("signs in how visits were made", () => {
  const workdays = (days: number): Access[] =>
    Array.from({ length: days }, (_, d) => access({ patient: "9", time: NOON + d * DAY }));
  const working = (): Facts => {
    const facts = hospital();
    facts.addRelation({ patient: "9", actor: "nurse", from: NOON - DAY, to: null });
    return facts;
  };

  it("learns usual hours from explained work and asks about others", () => {
    const night = access({ time: NOON + 9 * DAY + 16 * HOUR });
    expect(told(working(), "odd-hours", [...workdays(10), night])).toMatchObject({ visits: 1, roster: false });
    expect(told(working(), "odd-hours", [...workdays(3), night])).toBeUndefined();
    expect(told(working(), "odd-hours", [...workdays(10), { ...night, purpose: "ETREAT" }])).toBeUndefined();
  });

  it("believes the roster before habits", () => {
    const facts = working();
    const night = NOON + 9 * DAY + 16 * HOUR;
    facts.addShift({ actor: "nurse", from: night - HOUR, to: night + HOUR });
    expect(told(facts, "odd-hours", [...workdays(10), access({ time: night })])).toBeUndefined();
    expect(told(facts, "odd-hours", [...workdays(10), access({ time: night + 3 * HOUR })])).toMatchObject({
      roster: true,
    });
  });

  const visits = (n: number, kind: Access["kind"] = "read"): Access[] =>
    Array.from({ length: n }, (_, i) => access({ kind, time: NOON + i * DAY }));

  it("asks about looks that are followed by nothing", () => {
    expect(told(hospital(), "repeated", visits(4))).toMatchObject({ visits: 4, days: 4, points: 2 });
    expect(told(hospital(), "repeated", visits(2))).toBeUndefined();
    expect(
      told(hospital(), "repeated", [...visits(4), access({ kind: "update", time: NOON + 4 * DAY })]),
    ).toBeUndefined();
    const facts = hospital();
    facts.addRelation({ patient: "1", actor: "nurse", from: NOON + 20 * DAY, to: null });
    expect(told(facts, "repeated", visits(4))).toBeUndefined();
  });

  it("counts a run of accesses without a long pause as one visit", () => {
    const run = Array.from({ length: 30 }, (_, i) => access({ time: NOON + i * 10 * MINUTE }));
    expect(told(hospital(), "no-relation", run)).toMatchObject({ visits: 1, of: 1 });
  });

  it("asks about files closed long ago, and about the dead", () => {
    const facts = hospital();
    facts.addRelation({ patient: "1", department: "B2", from: NOON - 400 * DAY, to: NOON - 300 * DAY });
    expect(told(facts, "long-after")).toMatchObject({ days: 300, deceased: false });
    facts.addPatient({ patient: "1", deceased: NOON - 50 * DAY });
    expect(told(facts, "long-after")).toMatchObject({ days: 50, deceased: true });
  });

  it("believes an emergency that left something behind, and asks about one that did not", () => {
    const alarm = access({ purpose: "ETREAT" });
    expect(told(hospital(), "unfounded-emergency", [alarm])).toMatchObject({ visits: 1 });
    expect(
      told(hospital(), "unfounded-emergency", [alarm, access({ purpose: "ETREAT", kind: "create" })]),
    ).toBeUndefined();
    const facts = hospital();
    facts.addRelation({ patient: "1", department: "emergency", from: NOON + HOUR, to: NOON + 3 * HOUR });
    expect(told(facts, "unfounded-emergency", [alarm])).toBeUndefined();
  });
});
