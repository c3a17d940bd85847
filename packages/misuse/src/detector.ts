/**
 * Looks for misuse among accesses that come in the order of the log, in one pass. Kept are: the pairs of actor and patient
 * seen within the window, the counts of the last weeks for each role, the current day of each actor, and the best findings.
 */
import { type Access, MINUTE } from "./access.ts";
import { Calendar } from "./calendar.ts";
import type { Context } from "./context.ts";
import { type DayFinding, Days } from "./days.ts";
import type { Facts } from "./facts.ts";
import type { MisuseReport, NamedAccess, Reason } from "./finding.ts";
import { Hours } from "./hours.ts";
import { judge } from "./judge.ts";
import { Pair } from "./pair.ts";
import { Relations } from "./relation.ts";
import { RULE_NAMES, RULE_NEEDS, type RuleName, type Rules } from "./rules.ts";
import { Top } from "./top.ts";

/** Rules whose reasons say the same about one patient as a finding about the whole day says about all of them. */
const IMPERSONAL: ReadonlySet<RuleName> = new Set(["no-relation", "odd-hours", "long-after", "unfounded-emergency"]);

export class Detector {
  readonly #context: Context;
  readonly #pairs = new Map<string, Pair>();
  readonly #days: Days;
  readonly #top: Top;
  readonly #emergency: ReadonlySet<string>;
  readonly #exempt: ReadonlySet<string>;
  readonly #gap: number;
  readonly #actors = new Set<string>();
  readonly #unknown = new Set<string>();
  #day = Number.NEGATIVE_INFINITY;
  #accesses = 0;
  #exempted = 0;
  #unknownAccesses = 0;
  #closedEarly = 0;

  /** `facts` must be complete before the first access is added. */
  constructor(facts: Facts, rules: Rules) {
    const calendar = new Calendar(rules.general);
    const hours = new Hours(facts, calendar, rules.rules["odd-hours"]);
    this.#context = { facts, rules, relations: new Relations(facts, rules), hours, calendar };
    this.#days = new Days(this.#context);
    this.#top = new Top(rules.general.findings_max);
    this.#emergency = new Set(rules.general.emergency_purposes);
    this.#exempt = new Set(rules.general.exempt_purposes);
    this.#gap = rules.general.visit_gap_minutes * MINUTE;
  }

  /** Takes in the next access. Times may run back a little, as they do in a log ordered by commit. */
  add(access: Access): void {
    this.#count(access);
    if (access.purpose !== null && this.#exempt.has(access.purpose)) {
      this.#exempted++;
      return;
    }
    const { calendar, relations, hours, rules } = this.#context;
    const day = Math.max(this.#day, calendar.day(access.time));
    if (day > this.#day) this.#turn(day);
    const pair = this.#pair(access);
    const visit =
      pair.current(access.time, this.#gap) ??
      pair.begin(access, relations.explain(access.actor, access.patient, access.time));
    const emergency = access.purpose !== null && this.#emergency.has(access.purpose);
    pair.add(access, visit, emergency, rules.general.named_max);
    if (visit.level !== "none") hours.learn(access.actor, access.time);
    this.#days.add(access, visit.level === "none");
  }

  finish(): MisuseReport {
    for (const found of this.#days.finish()) this.#aboutDay(found);
    for (const pair of this.#pairs.values()) this.#close(pair);
    this.#pairs.clear();
    return {
      ...this.#top.take(),
      accesses: this.#accesses,
      actors: this.#actors.size,
      unknownActors: { actors: this.#unknown.size, accesses: this.#unknownAccesses },
      exempt: this.#exempted,
      skipped: RULE_NAMES.flatMap((rule) => {
        const missing = RULE_NEEDS[rule].filter((need) => !this.#context.facts.has(need));
        if (!this.#context.rules.rules[rule].on) return [{ rule, missing: [] }];
        return missing.length > 0 ? [{ rule, missing }] : [];
      }),
      closedEarly: this.#closedEarly,
    };
  }

  #count({ actor }: Access): void {
    this.#accesses++;
    this.#actors.add(actor);
    if (this.#context.facts.staff(actor) !== undefined) return;
    this.#unknown.add(actor);
    this.#unknownAccesses++;
  }

  /** A new day: the days before are over, and pairs not seen for a window are judged. */
  #turn(day: number): void {
    for (const found of this.#days.finish(day)) this.#aboutDay(found);
    this.#day = day;
    const { calendar, rules } = this.#context;
    const oldest = day - rules.general.window_days;
    for (const [key, pair] of this.#pairs) {
      if (calendar.day(pair.last) >= oldest) continue;
      this.#pairs.delete(key);
      this.#close(pair);
    }
    this.#days.forgetBefore(oldest - rules.general.window_days);
  }

  #pair({ actor, patient }: Access): Pair {
    const key = `${actor}\0${patient}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size >= this.#context.rules.general.pairs_max) this.#closeOldest();
    const pair = new Pair(actor, patient, this.#context.facts.colleague(patient) === actor);
    this.#pairs.set(key, pair);
    return pair;
  }

  /** The pairs begun first, a tenth of them. */
  #closeOldest(): void {
    let left = Math.ceil(this.#pairs.size / 10);
    for (const [key, pair] of this.#pairs) {
      if (left-- <= 0) break;
      this.#pairs.delete(key);
      this.#close(pair);
      this.#closedEarly++;
    }
  }

  #close(pair: Pair): void {
    const reasons = judge(pair, this.#context);
    if (reasons.length === 0) return;
    const score = scoreOf(reasons);
    if (score < this.#context.rules.general.report_from || this.#isSaid(pair, reasons)) return;
    const { actor, patient, accesses, named } = pair;
    const role = this.#context.facts.staff(actor)?.role ?? "";
    this.#report({ actor, role, patient, patients: 1, reasons, accesses, named }, score);
  }

  #isSaid(pair: Pair, reasons: readonly Reason[]): boolean {
    if (!reasons.every(({ rule }) => IMPERSONAL.has(rule))) return false;
    const { calendar } = this.#context;
    return pair.visits.every((v) => this.#days.isFlagged(pair.actor, calendar.day(v.from)));
  }

  #aboutDay(found: DayFinding): void {
    const score = scoreOf(found.reasons);
    if (score < this.#context.rules.general.report_from) return;
    this.#report({ ...found, patient: null }, score);
  }

  #report(found: Omit<DayFinding, "patient"> & { readonly patient: string | null }, score: number): void {
    const times = found.named.map((access) => access.time);
    this.#top.add({
      ...found,
      score: Math.round(score * 10) / 10,
      reasons: found.reasons.toSorted((a, b) => b.points - a.points),
      named: found.named.map(nameOf),
      first: Math.min(...times),
      last: Math.max(...times),
    });
  }
}

const scoreOf = (reasons: readonly Reason[]): number => reasons.reduce((sum, { points }) => sum + points, 0);

const nameOf = ({ index, time, kind, table, row, patient }: Access): NamedAccess => ({
  ...{ index, time, kind, table, row, patient },
});
