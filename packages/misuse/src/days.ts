/** The day under way, person by person; at its end, findings about days as a whole. */
import type { Access } from "./access.ts";
import type { Context } from "./context.ts";
import type { Reason } from "./finding.ts";
import { Harvest, type Run } from "./harvest.ts";
import { type ActorDay, Volumes } from "./volume.ts";

export interface DayFinding {
  readonly actor: string;
  readonly role: string;
  readonly patients: number;
  readonly accesses: number;
  readonly named: readonly Access[];
  readonly reasons: readonly Reason[];
}

export class Days {
  readonly #context: Context;
  readonly #volumes: Volumes;
  readonly #harvests = new Map<string, Harvest>();
  readonly #useRelations: boolean;
  /** Day → actors with a finding on it: what their single visits of that day say in the same way is said already. */
  readonly #flagged = new Map<number, Set<string>>();
  #day = Number.NEGATIVE_INFINITY;
  #actors = new Map<string, ActorDay>();

  constructor(context: Context) {
    this.#context = context;
    this.#useRelations = context.facts.has("relations") && context.facts.has("staff");
    this.#volumes = new Volumes(context.rules.rules, this.#useRelations);
  }

  /** @param unrelated nothing explains this access, or nobody can say */
  add(access: Access, unrelated: boolean): void {
    const { actor, patient } = access;
    const { named_max } = this.#context.rules.general;
    const each = this.#actors.get(actor) ?? this.#begin(actor);
    each.patients.add(patient);
    each.accesses++;
    if (each.named.length < named_max) each.named.push(access);
    if (access.kind !== "read") {
      each.served.add(patient);
      each.unrelated.delete(patient);
    } else if (unrelated && !each.served.has(patient)) {
      each.unrelated.add(patient);
      if (each.namedUnrelated.length < named_max) each.namedUnrelated.push(access);
    }
    const rule = this.#context.rules.rules.harvesting;
    if (!rule.on || access.kind !== "read") return;
    const harvest = this.#harvests.get(actor) ?? new Harvest(rule, named_max);
    this.#harvests.set(actor, harvest);
    harvest.add(access, unrelated || !this.#useRelations);
  }

  isFlagged(actor: string, day: number): boolean {
    return this.#flagged.get(day)?.has(actor) === true;
  }

  forgetBefore(day: number): void {
    for (const each of this.#flagged.keys()) if (each < day) this.#flagged.delete(each);
  }

  /** Ends the day; what is added from now on belongs to day `next`. */
  finish(next = Number.POSITIVE_INFINITY): readonly DayFinding[] {
    const actors = [...this.#actors.values()];
    const found = new Map<string, Reason[]>();
    for (const [{ actor }, reasons] of this.#volumes.close(this.#day, actors)) found.set(actor, [...reasons]);
    const runs = new Map<string, readonly Run[]>();
    for (const [actor, harvest] of this.#harvests) {
      const done = harvest.take();
      if (done.length === 0) continue;
      runs.set(actor, done);
      found.set(actor, [...(found.get(actor) ?? []), ...this.#reasons(done)]);
    }
    const findings = actors.flatMap((each) => {
      const reasons = found.get(each.actor);
      return reasons === undefined ? [] : [this.#finding(each, reasons, runs.get(each.actor) ?? [])];
    });
    this.#day = next;
    this.#actors = new Map();
    this.#harvests.clear();
    return findings;
  }

  #begin(actor: string): ActorDay {
    const role = this.#context.facts.staff(actor)?.role ?? "";
    const each = {
      ...{
        actor,
        role,
        day: this.#day,
        patients: new Set<string>(),
        unrelated: new Set<string>(),
        served: new Set<string>(),
      },
      ...{ accesses: 0, named: [], namedUnrelated: [] },
    };
    this.#actors.set(actor, each);
    return each;
  }

  /** The longest run speaks for all of the day. */
  #reasons(runs: readonly Run[]): Reason[] {
    const longest = runs.reduce((a, b) => (b.patients > a.patients ? b : a));
    const { patients, minutes, step } = longest;
    return [{ rule: "harvesting", points: this.#context.rules.rules.harvesting.points, patients, minutes, step }];
  }

  /** Names what the reasons are about: the runs, else what nothing explains, else the day. */
  #finding(each: ActorDay, reasons: readonly Reason[], runs: readonly Run[]): DayFinding {
    const { actor, role, day, unrelated, patients, named, accesses } = each;
    const namedUnrelated = each.namedUnrelated.filter((access) => unrelated.has(access.patient));
    const actors = this.#flagged.get(day) ?? new Set();
    this.#flagged.set(day, actors.add(actor));
    const narrow = namedUnrelated.length > 0;
    const about = runs.length > 0 ? runs.flatMap((run) => run.named) : narrow ? namedUnrelated : named;
    const { named_max } = this.#context.rules.general;
    const common = { actor, role, reasons, named: about.slice(0, named_max) };
    if (runs.length === 0) return { ...common, patients: narrow ? unrelated.size : patients.size, accesses };
    const total = (count: (run: Run) => number) => runs.reduce((sum, run) => sum + count(run), 0);
    return { ...common, patients: total((r) => r.patients), accesses: total((r) => r.accesses) };
  }
}
