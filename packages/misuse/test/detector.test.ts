import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Facts, parseRules, presetDocument, RULE_NAMES } from "../src/index.ts";
import { access, DAY, HOUR, hospital, look, MINUTE, NOON } from "./hospital.ts";

describe("a finding", () => {
  it("needs more than one weak sign: the same name together with no relation beats each alone", () => {
    const named = hospital();
    named.addPatient({ patient: "1", family: "Rarebird" });
    expect(look(named, [access()]).findings).toMatchObject([{ score: 6.5, patients: 1 }]);
    expect(look(hospital(), [access()]).findings).toEqual([]);
    named.addRelation({ patient: "1", department: "A1", from: NOON - DAY, to: null });
    expect(look(named, [access()]).findings).toEqual([]);
  });

  it("names the accesses that nothing explains and not those of one's own care", () => {
    const facts = hospital();
    facts.addPatient({ patient: "1", street: "Mill Lane 12", town: "Eastmere" });
    facts.addRelation({ patient: "1", actor: "nurse", from: NOON, to: NOON + DAY });
    const later = access({ time: NOON + 60 * DAY });
    const rules = { version: 1, window_days: 90 };
    const [finding] = look(facts, [access(), access({ time: NOON + HOUR }), later], rules).findings;
    expect(finding?.named.map((a) => a.index)).toEqual([later.index]);
  });

  it("carries no name and no address", () => {
    const facts = hospital();
    facts.addPatient({ patient: "1", family: "Rarebird", street: "Mill Lane 12", town: "Eastmere", vip: true });
    expect(JSON.stringify(look(facts, [access()]))).not.toMatch(/rarebird|mill|eastmere/i);
  });

  it("comes with the best first, within the limit, and a count of the rest", () => {
    const facts = hospital();
    for (let i = 10; i < 40; i++) facts.addPatient({ patient: String(i), family: "Rarebird", vip: i === 25 });
    const accesses = Array.from({ length: 30 }, (_, i) =>
      access({ patient: String(10 + ((i * 7) % 30)), time: NOON + i }),
    );
    const { findings, more } = look(facts, accesses, { version: 1, findings_max: 4 });
    expect([findings.length, more, findings[0]?.patient]).toEqual([4, 26, "25"]);
  });
});

describe("the report", () => {
  it("says which rules could not look, and why", () => {
    const { skipped } = look(new Facts(), [access()], { version: 1, rules: { vip: { on: false } } });
    expect(skipped).toContainEqual({ rule: "no-relation", missing: ["staff", "relations"] });
    expect(skipped).toContainEqual({ rule: "vip", missing: [] });
    expect(skipped.map((s) => s.rule)).not.toContain("harvesting");
  });

  it("leaves exempt purposes alone and counts them", () => {
    const facts = hospital();
    facts.addPatient({ patient: "1", family: "Rarebird" });
    expect(look(facts, [access({ purpose: "HRESCH" })])).toMatchObject({ findings: [], exempt: 1, accesses: 1 });
  });

  it("judges early rather than keeping more pairs than allowed", () => {
    const many = Array.from({ length: 1_500 }, (_, i) => access({ patient: String(i * 100), time: NOON + i * MINUTE }));
    expect(look(hospital(), many, { version: 1, pairs_max: 1_000 }).closedEarly).toBeGreaterThanOrEqual(500);
  });

  it("does not depend on small disorder of times, and never fails on any stream", () => {
    const any = fc.record({
      time: fc.integer({ min: 0, max: 90 }).map((d) => NOON + d * 7 * HOUR),
      kind: fc.constantFrom("read", "create", "update", "delete"),
      actor: fc.constantFrom("nurse", "other", "robot"),
      purpose: fc.constantFrom(null, "TREAT", "ETREAT", "HRESCH"),
      patient: fc.integer({ min: 1, max: 30 }).map(String),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 200 }), (list) => {
        const report = look(
          hospital(),
          list.map((each) => access(each as Parameters<typeof access>[0])),
        );
        expect(report.accesses).toBe(list.length);
        for (const f of report.findings) expect([f.named.length > 0, Number.isFinite(f.first)]).toEqual([true, true]);
      }),
    );
  });
});

describe("rules as data", () => {
  const codeOf = (document: unknown): unknown => {
    try {
      parseRules(document);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
    return "accepted";
  };

  it.each([
    ["no document", 3, "misuse/bad-rules"],
    ["another version", { version: 2 }, "misuse/bad-rules"],
    ["rules that are no section", { version: 1, rules: [] }, "misuse/bad-rules"],
    ["an unknown rule", { version: 1, rules: { astrology: {} } }, "misuse/unknown-rule"],
    ["an inherited name", { version: 1, rules: { constructor: {} } }, "misuse/unknown-rule"],
    ["an unknown parameter", { version: 1, rules: { vip: { weight: 1 } } }, "misuse/unknown-parameter"],
    ["an unknown setting", { version: 1, threshold: 3 }, "misuse/unknown-parameter"],
    ["a text for a number", { version: 1, rules: { vip: { points: "2" } } }, "misuse/bad-parameter"],
    ["a number out of range", { version: 1, report_from: -1 }, "misuse/bad-parameter"],
    ["no number", { version: 1, report_from: Number.NaN }, "misuse/bad-parameter"],
    ["a list of numbers", { version: 1, exempt_purposes: [1] }, "misuse/bad-parameter"],
    ["on = 1", { version: 1, rules: { vip: { on: 1 } } }, "misuse/bad-parameter"],
  ])("refuses %s", (_, document, code) => {
    expect(codeOf(document)).toBe(code);
  });

  it("takes its own presets back unchanged", () => {
    expect(parseRules(presetDocument())).toEqual(parseRules({ version: 1 }));
    expect(Object.keys(parseRules({ version: 1 }).rules)).toEqual(RULE_NAMES);
  });

  it.each(RULE_NAMES)("can switch %s off", (name) => {
    const facts = hospital();
    facts.addPatient({ patient: "1", family: "Rarebird", street: "Mill Lane 12", town: "Eastmere", vip: true });
    facts.addStaff({ actor: "nurse", role: "nurse", family: "Rarebird", patient: "2" });
    const list = [access(), access({ patient: "2" }), access({ patient: "7", purpose: "ETREAT" })];
    const { findings } = look(facts, list, { version: 1, report_from: 0, rules: { [name]: { on: false } } });
    expect(findings.flatMap((f) => f.reasons.map((r) => r.rule))).not.toContain(name);
  });
});
