/**
 * The rules about one person and one patient. Signs that two people know each other weigh in full only where no relation
 * explains the visit: so treating one's neighbour is nothing, and the same name together with no relation beats either.
 */
import { acquainted } from "./acquainted.ts";
import { conduct } from "./conduct.ts";
import type { Context } from "./context.ts";
import type { Reason } from "./finding.ts";
import type { Pair } from "./pair.ts";
import { weightOf } from "./weight.ts";

export function judge(pair: Pair, context: Context): readonly Reason[] {
  const { facts, rules } = context;
  const own = rules.rules["own-record"];
  if (own.on && facts.colleague(pair.patient) === pair.actor) return [{ rule: "own-record", points: own.points }];
  if (pair.visits.length === 0) return [];
  const weights = pair.visits.map((visit) => weightOf(visit, pair, context));
  const most = Math.max(...weights);
  const found = [...noRelation(pair, context), ...acquainted(pair, context, most), ...conduct(pair, context, weights)];
  return found.filter(({ points }) => points > 0).toSorted((a, b) => b.points - a.points);
}

function noRelation(pair: Pair, context: Context): Reason[] {
  const rule = context.rules.rules["no-relation"];
  const without = pair.visits.filter((visit) => visit.level === "none");
  if (!rule.on || without.length === 0) return [];
  const role = context.facts.staff(pair.actor)?.role ?? "";
  const base = context.relations.servesAll(role) ? rule.points_hospital_role : rule.points;
  const formerly = pair.ownVisits > 0 ? rule.formerly_factor : 1;
  const points = without.map(
    (v) => (base + (v.present ? 0 : rule.points_absent)) * weightOf(v, pair, context) * formerly,
  );
  return [
    {
      ...{ rule: "no-relation", points: Math.max(...points), visits: without.length },
      of: pair.visits.length + pair.ownVisits,
      present: without.some((v) => v.present),
      written: without.some((v) => v.writes > 0),
    },
  ];
}
