/** Signs in how the visits were made: when, how often, with what result. */
import { DAY } from "./access.ts";
import type { Context } from "./context.ts";
import type { Reason } from "./finding.ts";
import type { Pair } from "./pair.ts";
import { founded, isAloof } from "./weight.ts";

/** @param weights for each visit, how far it is from being explained */
export function conduct(pair: Pair, context: Context, weights: readonly number[]): Reason[] {
  return [
    ...oddHours(pair, context, weights),
    ...repeated(pair, context, weights),
    ...longAfter(pair, context, weights),
    ...unfoundedEmergency(pair, context),
  ];
}

function oddHours(pair: Pair, { rules: { rules }, hours }: Context, weights: readonly number[]): Reason[] {
  const rule = rules["odd-hours"];
  if (!rule.on) return [];
  let [visits, weight, roster] = [0, 0, false];
  pair.visits.forEach((visit, i) => {
    const answer = visit.emergency ? undefined : hours.odd(pair.actor, visit.from);
    if (answer?.odd !== true) return;
    visits++;
    roster ||= answer.roster;
    weight = Math.max(weight, weights[i] ?? 0);
  });
  return visits === 0 ? [] : [{ rule: "odd-hours", points: rule.points * weight, visits, roster }];
}

/** Looked up again and again, nothing written, and no care followed. */
function repeated(pair: Pair, context: Context, weights: readonly number[]): Reason[] {
  const { rules, relations, calendar } = context;
  const rule = rules.rules.repeated;
  if (!rule.on || !isAloof(pair, context)) return [];
  const days = new Set(pair.visits.map((v) => calendar.day(v.from))).size;
  const until = pair.last + rules.general.window_days * DAY;
  if (days < rule.days || relations.beginsOwn(pair.actor, pair.patient, pair.first, until)) return [];
  const visits = pair.visits.length;
  const points = Math.min(rule.points_max, rule.points + (visits - rule.visits) * rule.points_per_visit);
  return [{ rule: "repeated", points: points * Math.max(...weights), visits, days }];
}

function longAfter(pair: Pair, { rules: { rules }, facts, relations }: Context, weights: readonly number[]): Reason[] {
  const rule = rules["long-after"];
  const role = facts.staff(pair.actor)?.role ?? "";
  if (!rule.on || rule.roles_exempt.includes(role)) return [];
  const died = facts.patient(pair.patient)?.deceased ?? null;
  let best: Reason | undefined;
  pair.visits.forEach((visit, i) => {
    if (visit.level !== "none" && visit.level !== "unknown") return;
    const weight = weights[i] ?? 0;
    const sinceDeath = died === null ? -1 : Math.floor((visit.from - died) / DAY);
    const days = relations.daysSince(pair.patient, visit.from) ?? 0;
    const reason: Reason | undefined =
      died !== null && sinceDeath >= rule.deceased_days
        ? { rule: "long-after", points: rule.points_deceased * weight, days: sinceDeath, deceased: true }
        : days >= rule.days
          ? { rule: "long-after", points: rule.points * weight, days, deceased: false }
          : undefined;
    if (reason !== undefined && reason.points > (best?.points ?? 0)) best = reason;
  });
  return best === undefined ? [] : [best];
}

function unfoundedEmergency(pair: Pair, context: Context): Reason[] {
  const rule = context.rules.rules["unfounded-emergency"];
  if (!rule.on || !context.facts.has("relations")) return [];
  const empty = pair.visits.filter((v) => v.emergency && v.level !== "department" && !founded(v, pair, context));
  return empty.length === 0 ? [] : [{ rule: "unfounded-emergency", points: rule.points, visits: empty.length }];
}
