/** Does anything the hospital knows explain why this person opened this file at this time? */
import { DAY } from "./access.ts";
import type { Facts, Relation } from "./facts.ts";
import type { Rules } from "./rules.ts";

/**
 * `own`: the person's own patient; `department`: the department's; `hospital`: somebody's, for a role that serves all;
 * `none`: nobody's; `unknown`: it cannot be said, because the person or all relations are not known.
 */
export type Level = "own" | "department" | "hospital" | "none" | "unknown";

export interface Explained {
  readonly level: Level;
  /** The patient was in the hospital's care just then. */
  readonly present: boolean;
}

const UNKNOWN: Explained = { level: "unknown", present: false };

export class Relations {
  readonly #facts: Facts;
  readonly #before: number;
  readonly #after: number;
  readonly #department: number;
  readonly #hospital: number;
  readonly #slack: number;
  readonly #hospitalRoles: ReadonlySet<string>;
  readonly #usable: boolean;

  constructor(facts: Facts, { rules }: Rules) {
    const rule = rules["no-relation"];
    this.#facts = facts;
    this.#before = rule.before_days * DAY;
    this.#after = rule.after_days * DAY;
    this.#department = rule.department_after_days * DAY;
    this.#hospital = rule.hospital_after_days * DAY;
    this.#slack = rules["odd-hours"].slack_minutes * 60_000_000;
    this.#hospitalRoles = new Set(rule.hospital_roles);
    this.#usable = facts.has("relations");
  }

  servesAll(role: string): boolean {
    return this.#hospitalRoles.has(role);
  }

  explain(actor: string, patient: string, time: number): Explained {
    if (!this.#usable) return UNKNOWN;
    const staff = this.#facts.staff(actor);
    const serving = staff !== undefined && this.servesAll(staff.role);
    const departments = this.#departments(actor, staff?.department ?? null, time);
    let level: Level = staff === undefined ? "unknown" : "none";
    let present = false;
    for (const relation of this.#facts.relations(patient)) {
      if (this.#within(relation, time, DAY)) present = true;
      if (relation.actor === actor && this.#within(relation, time, this.#after)) return { level: "own", present: true };
      if (level === "department" || staff === undefined) continue;
      const { department } = relation;
      if (department !== null && departments.includes(department) && this.#within(relation, time, this.#department)) {
        level = "department";
      } else if (serving && this.#within(relation, time, this.#hospital)) {
        level = "hospital";
      }
    }
    return { level, present };
  }

  /** Whether the person began to care for the patient in that time. */
  beginsOwn(actor: string, patient: string, from: number, to: number): boolean {
    return this.#facts.relations(patient).some((r) => r.actor === actor && r.from >= from && r.from <= to);
  }

  /** Days since the hospital last cared for the patient; undefined when it does, will soon, or never did. */
  daysSince(patient: string, time: number): number | undefined {
    let last: number | undefined;
    for (const { from, to } of this.#facts.relations(patient)) {
      if (from - 14 * DAY > time) continue;
      if (to === null || to >= time) return undefined;
      last = Math.max(last ?? to, to);
    }
    return last === undefined ? undefined : Math.floor((time - last) / DAY);
  }

  #within({ from, to }: Relation, time: number, after: number): boolean {
    return time >= from - this.#before && (to === null || time <= to + after);
  }

  #departments(actor: string, own: string | null, time: number): readonly string[] {
    const found = own === null ? [] : [own];
    for (const { department, from, to } of this.#facts.shifts(actor)) {
      if (!department || time < from - this.#slack || time > to + this.#slack) continue;
      if (!found.includes(department)) found.push(department);
    }
    return found;
  }
}
