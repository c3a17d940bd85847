/** Who opened how many files on a day, against everybody of the same role: median and deviation over the days before. */
import type { Access } from "./access.ts";
import type { Reason } from "./finding.ts";
import { median, spreadOf } from "./robust.ts";
import type { RuleSet } from "./rules.ts";

/** One person's working day. */
export interface ActorDay {
  readonly actor: string;
  readonly role: string;
  readonly day: number;
  readonly patients: Set<string>;
  /** Patients with whom nothing connects the person, and about whom nothing was written. */
  readonly unrelated: Set<string>;
  /** Patients about whom something was written. */
  readonly served: Set<string>;
  accesses: number;
  readonly named: Access[];
  readonly namedUnrelated: Access[];
}

interface DayCount {
  readonly day: number;
  readonly actor: string;
  readonly patients: number;
  readonly unrelated: number;
}

/** With fewer days of a role than that, nothing is usual yet. */
const COUNTS_LEAST = 8;
const OWN_DAYS_LEAST = 5;

export class Volumes {
  readonly #rules: Pick<RuleSet, "volume" | "unrelated-volume">;
  readonly #useRelations: boolean;
  readonly #history = new Map<string, DayCount[]>();

  constructor(rules: Pick<RuleSet, "volume" | "unrelated-volume">, useRelations: boolean) {
    this.#rules = rules;
    this.#useRelations = useRelations;
  }

  /** Takes in a finished day and says who was out of line, with reasons. */
  close(day: number, actors: readonly ActorDay[]): readonly (readonly [ActorDay, readonly Reason[]])[] {
    this.#forget(day);
    for (const { role, actor, patients, unrelated } of actors) {
      const counts = this.#history.get(role) ?? [];
      counts.push({ day, actor, patients: patients.size, unrelated: unrelated.size });
      this.#history.set(role, counts);
    }
    const limits = new Map<string, Limits>();
    return actors.flatMap((each) => {
      const known = limits.get(each.role) ?? this.#limits(each.role);
      limits.set(each.role, known);
      const reasons = [...this.#volume(each, known), ...this.#unrelated(each, known)];
      return reasons.length === 0 ? [] : [[each, reasons] as const];
    });
  }

  #limits(role: string): Limits {
    const counts = this.#history.get(role) ?? [];
    return {
      enough: counts.length >= COUNTS_LEAST,
      all: spreadOf(counts.map((c) => c.patients)),
      unrelated: spreadOf(counts.map((c) => c.unrelated)),
    };
  }

  #volume({ actor, role, day, patients }: ActorDay, { enough, all }: Limits): Reason[] {
    const rule = this.#rules.volume;
    if (!rule.on || !enough) return [];
    const own = (this.#history.get(role) ?? []).filter((c) => c.actor === actor && c.day < day).map((c) => c.patients);
    const ownLimit = own.length < OWN_DAYS_LEAST ? 0 : median(own) * rule.own_factor;
    const limit = Math.max(rule.least_patients, all.median + rule.deviations * all.deviation, ownLimit);
    if (patients.size <= limit) return [];
    return [{ rule: "volume", ...out(patients.size, all.median, limit, rule), role }];
  }

  #unrelated({ role, unrelated }: ActorDay, { enough, unrelated: spread }: Limits): Reason[] {
    const rule = this.#rules["unrelated-volume"];
    if (!rule.on || !enough || !this.#useRelations) return [];
    const limit = Math.max(rule.least_patients, spread.median + rule.deviations * spread.deviation);
    if (unrelated.size <= limit) return [];
    return [{ rule: "unrelated-volume", ...out(unrelated.size, spread.median, limit, rule), role }];
  }

  #forget(day: number): void {
    const days = Math.max(this.#rules.volume.history_days, this.#rules["unrelated-volume"].history_days);
    for (const [role, counts] of this.#history) {
      this.#history.set(
        role,
        counts.filter((c) => c.day > day - days),
      );
    }
  }
}

interface Limits {
  readonly enough: boolean;
  readonly all: ReturnType<typeof spreadOf>;
  readonly unrelated: ReturnType<typeof spreadOf>;
}

function out(
  patients: number,
  usual: number,
  limit: number,
  rule: { readonly points: number; readonly points_per_doubling: number },
) {
  const points = rule.points + rule.points_per_doubling * Math.log2(patients / limit);
  return { points, patients, usual: Math.round(usual), limit: Math.floor(limit) };
}
