/** What every rule may look at. */
import type { Calendar } from "./calendar.ts";
import type { Facts } from "./facts.ts";
import type { Hours } from "./hours.ts";
import type { Relations } from "./relation.ts";
import type { Rules } from "./rules.ts";

export interface Context {
  readonly facts: Facts;
  readonly rules: Rules;
  readonly relations: Relations;
  readonly hours: Hours;
  readonly calendar: Calendar;
}
