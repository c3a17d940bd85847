/** Who is on duty when: early, late and night in turns, two days off a week; office hours for those who do not nurse. */
import type { Rng } from "@anamnesis/sandbox";
import type { SimStaff } from "./people.ts";
import { DAY, HOUR, START, type World } from "./world.ts";

export interface Duty {
  readonly who: SimStaff;
  readonly department: string;
  readonly from: number;
  readonly to: number;
}

const TURNS = [
  [6, 14],
  [14, 22],
  [22, 30],
] as const;

export class Rota {
  /** Day → everybody on duty. */
  readonly #days = new Map<number, Duty[]>();

  constructor(world: World, rng: Rng) {
    for (const who of world.staff) {
      const onRoster = rng.chance(world.habits.recorded.roster);
      for (let day = 0; day < world.habits.days; day++) {
        const duty = dutyOf(who, day, rng);
        if (duty === undefined) continue;
        const list = this.#days.get(day) ?? [];
        list.push(duty);
        this.#days.set(day, list);
        const known = who.department !== null || rng.chance(world.habits.recorded.float);
        const { from, to, department } = duty;
        if (onRoster) world.shifts.push({ actor: who.actor, department: known ? department : null, from, to });
      }
    }
  }

  on(day: number, where: { role?: string; department?: string; at?: number }): readonly Duty[] {
    return (this.#days.get(day) ?? []).filter(
      ({ who, department, from, to }) =>
        (where.role === undefined || who.role === where.role) &&
        (where.department === undefined || department === where.department) &&
        (where.at === undefined || (where.at >= from && where.at <= to)),
    );
  }

  /** Any duty of this person, by chance. */
  someDuty(rng: Rng, who: SimStaff, days: number): Duty | undefined {
    const first = rng.int(days);
    for (let i = 0; i < days; i++) {
      const found = this.#days.get((first + i) % days)?.find((duty) => duty.who === who);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function dutyOf(who: SimStaff, day: number, rng: Rng): Duty | undefined {
  const { role, turn } = who;
  const nursing = role === "nurse" || (role === "physician" && who.department === "emergency");
  const off = (day + turn * 3) % 7;
  if (off < 2) return undefined;
  const department = who.department ?? rng.pick(["surgery", "internal", "cardiology", "oncology", "emergency"]);
  const [from, to] = nursing ? (TURNS[(Math.floor(day / 7) + turn) % 3] ?? TURNS[0]) : officeHours(role, turn);
  const start = START + day * DAY;
  return { who, department, from: start + from * HOUR, to: start + to * HOUR };
}

const officeHours = (role: string, turn: number): readonly [number, number] =>
  role === "physician"
    ? [7, 17]
    : role === "registration" || role === "laboratory"
      ? turn % 2 === 0
        ? [6, 14]
        : [13, 21]
      : [8, 17];
