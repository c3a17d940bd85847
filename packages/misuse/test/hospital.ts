/** A small hospital for tests of single rules: one nurse on a ward, one patient, and what is between them. */
import {
  type Access,
  Detector,
  Facts,
  type Finding,
  type MisuseReport,
  parseRules,
  type Reason,
} from "../src/index.ts";

export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A Monday at 10:00. */
export const NOON = Date.UTC(2026, 2, 2, 10) * 1_000;

export function hospital(): Facts {
  const facts = new Facts();
  for (let i = 0; i < 2_000; i++) facts.countFamily(i < 400 ? "Common" : `Name${i}`);
  const nurse = { family: "Rarebird", street: "Mill Lane 12", town: "Eastmere" };
  facts.countFamily("Rarebird");
  facts.countFamily("Rarebird");
  facts.addStaff({ actor: "nurse", role: "nurse", department: "A1", ...nurse });
  facts.addStaff({ actor: "other", role: "nurse", department: "A1", patient: "7" });
  facts.addPatient({ patient: "1", family: "Stranger", street: "Far Street 1", town: "Nordhaven" });
  for (const need of ["relations", "contacts", "vip"] as const) facts.provide(need);
  return facts;
}

let index = 0;
export function access(over: Partial<Access> = {}): Access {
  index++;
  const base = { index, time: NOON, kind: "read", actor: "nurse", purpose: "TREAT" } as const;
  return { ...base, table: "public.patients", row: "1", patient: "1", ...over };
}

export function look(facts: Facts, accesses: readonly Access[], rules: unknown = { version: 1 }): MisuseReport {
  const detector = new Detector(facts, parseRules(rules));
  for (const each of accesses) detector.add(each);
  return detector.finish();
}

/** Rules that report everything with any reason at all. */
export const EVERYTHING = { version: 1, report_from: 0 };

export const reasonOf = (found: readonly Finding[], rule: Reason["rule"]): Reason | undefined =>
  found.flatMap((f) => f.reasons).find((r) => r.rule === rule);
