/** What one person did in one patient's file within the window: visits, each a stretch of accesses without a long pause. */
import type { Access } from "./access.ts";
import type { Explained, Level } from "./relation.ts";

export interface Visit {
  readonly level: Level;
  readonly present: boolean;
  readonly from: number;
  to: number;
  writes: number;
  emergency: boolean;
}

const VISITS_MAX = 200;

export class Pair {
  readonly actor: string;
  readonly patient: string;
  /** Visits that the person's own relation does not explain. */
  readonly visits: Visit[] = [];
  /** The accesses of those visits, the first ones of many. */
  readonly named: Access[] = [];
  accesses = 0;
  /** Visits that the person's own relation explains. */
  ownVisits = 0;
  first = 0;
  last = Number.NEGATIVE_INFINITY;
  readonly #self: boolean;
  #open: Visit | undefined;

  /** @param self the two are one person: then no relation explains anything */
  constructor(actor: string, patient: string, self = false) {
    this.actor = actor;
    this.patient = patient;
    this.#self = self;
  }

  /** The visit under way at that time, if the pause was not too long. */
  current(time: number, gap: number): Visit | undefined {
    return this.#open !== undefined && time - this.#open.to <= gap ? this.#open : undefined;
  }

  begin(access: Access, { level, present }: Explained): Visit {
    const visit: Visit = { level, present, from: access.time, to: access.time, writes: 0, emergency: false };
    this.#open = visit;
    if (level === "own" && !this.#self) this.ownVisits++;
    else if (this.visits.length < VISITS_MAX) this.visits.push(visit);
    return visit;
  }

  add(access: Access, visit: Visit, emergency: boolean, namedMax: number): void {
    visit.to = Math.max(visit.to, access.time);
    if (access.kind !== "read") visit.writes++;
    if (emergency) visit.emergency = true;
    this.last = Math.max(this.last, access.time);
    if (visit.level === "own" && !this.#self) return;
    if (this.accesses++ === 0) this.first = access.time;
    if (this.named.length < namedMax) this.named.push(access);
  }
}
