/** How far a visit is from being explained, and with it how much the other signs weigh. */
import type { Context } from "./context.ts";
import type { Pair, Visit } from "./pair.ts";

/** How far this visit is from being explained: 1 = by nothing. */
export function weightOf(visit: Visit, pair: Pair, context: Context): number {
  const rule = context.rules.rules["no-relation"];
  const cared = isAloof(pair, context) ? rule.aloof_factor : rule.department_factor;
  const explained = visit.level === "department" ? cared : visit.level === "hospital" ? rule.department_factor : 1;
  const written = visit.writes > 0 ? rule.written_factor : 1;
  const urgent = visit.emergency && founded(visit, pair, context) ? rule.department_factor : 1;
  return explained * written * urgent;
}

/** An emergency leaves something behind: a patient who was there, or something written. */
export function founded(visit: Visit, { patient }: Pair, { facts, rules }: Context): boolean {
  if (visit.writes > 0) return true;
  const reach = rules.rules["unfounded-emergency"].hours * 3_600e6;
  return facts
    .relations(patient)
    .some(({ from, to }) => from <= visit.from + reach && (to === null || to >= visit.from - reach));
}

/** Came back several times, was never put in charge, and never wrote a word. */
export function isAloof(pair: Pair, { rules }: Context): boolean {
  if (pair.ownVisits > 0 || pair.visits.length < rules.rules.repeated.visits) return false;
  return pair.visits.every((visit) => visit.writes === 0 && visit.level !== "hospital");
}
