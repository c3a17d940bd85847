/** Reading files in the order of their numbers: many patients, small steps, short pauses. One follower per actor. */
import { type Access, MINUTE } from "./access.ts";
import type { RuleSet } from "./rules.ts";

export interface Run {
  readonly patients: number;
  readonly minutes: number;
  /** Mean step from one patient's number to the next. */
  readonly step: number;
  readonly accesses: number;
  readonly named: readonly Access[];
}

interface Going {
  direction: number;
  number: number;
  patient: string;
  patients: number;
  unrelated: number;
  strays: number;
  readonly first: number;
  readonly from: number;
  last: number;
  accesses: number;
  readonly named: Access[];
}

export class Harvest {
  readonly #rule: RuleSet["harvesting"];
  readonly #namedMax: number;
  #going: Going | undefined;
  #runs: Run[] = [];

  constructor(rule: RuleSet["harvesting"], namedMax: number) {
    this.#rule = rule;
    this.#namedMax = namedMax;
  }

  /** @param unrelated nothing explains this access, or nobody can say */
  add(access: Access, unrelated: boolean): void {
    const number = numberOf(access.patient);
    const going = this.#going;
    if (number === undefined) return;
    if (going === undefined || access.time - going.last > this.#rule.pause_minutes * MINUTE) {
      return this.#begin(access, number, unrelated);
    }
    if (access.patient === going.patient) return this.#note(going, access);
    const step = number - going.number;
    const direction = Math.sign(step);
    if (Math.abs(step) <= this.#rule.step && (going.direction === 0 || direction === going.direction)) {
      Object.assign(going, { direction, number, patient: access.patient, strays: 0, patients: going.patients + 1 });
      if (unrelated) going.unrelated++;
      return this.#note(going, access);
    }
    if (++going.strays > this.#rule.strays) this.#begin(access, number, unrelated);
  }

  /** Ends what is under way and hands out what was found since the last call. */
  take(): readonly Run[] {
    this.#end();
    const runs = this.#runs;
    this.#runs = [];
    return runs;
  }

  #begin(access: Access, number: number, unrelated: boolean): void {
    this.#end();
    this.#going = {
      ...{ direction: 0, number, first: number, patient: access.patient, patients: 1, unrelated: unrelated ? 1 : 0 },
      ...{ strays: 0, from: access.time, last: access.time, accesses: 0, named: [] },
    };
    this.#note(this.#going, access);
  }

  #note(going: Going, access: Access): void {
    going.last = access.time;
    going.accesses++;
    if (going.named.length < this.#namedMax) going.named.push(access);
  }

  #end(): void {
    const going = this.#going;
    this.#going = undefined;
    if (going === undefined || going.patients < this.#rule.patients) return;
    if (going.unrelated < going.patients * this.#rule.unrelated_share) return;
    const { patients, from, last, accesses, named, number, first } = going;
    const minutes = Math.ceil((last - from) / MINUTE);
    this.#runs.push({ patients, minutes, step: Math.abs(number - first) / (patients - 1), accesses, named });
  }
}

/** Patients count as ordered when their keys end in a number: 17, H0000017. */
function numberOf(patient: string): number | undefined {
  const digits = /\d{1,15}$/.exec(patient)?.[0];
  return digits === undefined ? undefined : Number(digits);
}
