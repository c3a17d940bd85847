/**
 * When somebody usually works: by the roster if it is known, else learned from accesses that a relation explains. Those
 * without explanation teach nothing, so that somebody who prowls at night does not make the night usual.
 */
import type { Calendar } from "./calendar.ts";
import type { Facts } from "./facts.ts";

interface Profile {
  /** Days with activity in each hour, and the last such day. */
  readonly days: Uint16Array;
  readonly last: Float64Array;
  active: number;
  lastDay: number;
}

/** With fewer days than that nothing is known about anybody. */
const DAYS_LEAST = 6;

export class Hours {
  readonly #facts: Facts;
  readonly #calendar: Calendar;
  readonly #share: number;
  readonly #slack: number;
  readonly #profiles = new Map<string, Profile>();

  constructor(
    facts: Facts,
    calendar: Calendar,
    rule: { readonly usual_share: number; readonly slack_minutes: number },
  ) {
    this.#facts = facts;
    this.#calendar = calendar;
    this.#share = rule.usual_share;
    this.#slack = rule.slack_minutes * 60_000_000;
  }

  /** Takes in an access that belongs to somebody's work. */
  learn(actor: string, time: number): void {
    const profile = this.#profiles.get(actor) ?? fresh();
    this.#profiles.set(actor, profile);
    const [day, hour] = [this.#calendar.day(time), this.#calendar.hour(time)];
    if (profile.lastDay !== day) {
      profile.lastDay = day;
      profile.active++;
    }
    if (profile.last[hour] === day) return;
    profile.last[hour] = day;
    profile.days[hour] = (profile.days[hour] ?? 0) + 1;
  }

  /** undefined: too little is known of this person. */
  odd(actor: string, time: number): { readonly odd: boolean; readonly roster: boolean } | undefined {
    const shifts = this.#facts.shifts(actor);
    const near = shifts.some(({ from, to }) => time > from - 7 * 86_400e6 && time < to + 7 * 86_400e6);
    if (near) {
      const onDuty = shifts.some(({ from, to }) => time >= from - this.#slack && time <= to + this.#slack);
      return { odd: !onDuty, roster: true };
    }
    const profile = this.#profiles.get(actor);
    if (profile === undefined || profile.active < DAYS_LEAST) return undefined;
    const hour = this.#calendar.hour(time);
    const most = Math.max(...[hour + 23, hour, hour + 1].map((h) => profile.days[h % 24] ?? 0));
    return { odd: most < Math.max(2, this.#share * profile.active), roster: false };
  }
}

const fresh = (): Profile => ({
  days: new Uint16Array(24),
  last: new Float64Array(24).fill(Number.NEGATIVE_INFINITY),
  active: 0,
  lastDay: Number.NEGATIVE_INFINITY,
});
