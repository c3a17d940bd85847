/** Time, accesses and records of the simulated hospital: what happened, and the part of it that the hospital wrote down. */
import type { AccessKind, ContactInput, RelationInput, ShiftInput } from "@anamnesis/misuse";
import type { Rng } from "@anamnesis/sandbox";
import type { SimPatient, SimStaff } from "./people.ts";

const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const START = Date.UTC(2026, 2, 2) * 1_000;

export interface SimAccess {
  readonly time: number;
  readonly kind: AccessKind;
  readonly actor: string;
  readonly purpose: string;
  readonly table: string;
  readonly patient: number;
  /** Number of the planted case, or -1. */
  readonly plot: number;
}

/** How well the hospital keeps its books, and how much goes on. Rates from 0 to 1. */
export interface Habits {
  readonly days: number;
  readonly patients: number;
  readonly admissionsPerDay: number;
  readonly outpatientsPerDay: number;
  readonly emergenciesPerDay: number;
  readonly recorded: {
    readonly nurse: number;
    readonly consult: number;
    readonly float: number;
    readonly onCall: number;
    readonly walkIn: number;
    readonly roster: number;
  };
  /** Unrecorded but legal looks into files of other departments, a day. */
  readonly curbside: number;
  readonly calls: number;
}

export const USUAL: Habits = {
  ...{ days: 42, patients: 6_000, admissionsPerDay: 17, outpatientsPerDay: 115, emergenciesPerDay: 40 },
  recorded: { nurse: 0.6, consult: 0.75, float: 0.8, onCall: 0.7, walkIn: 0.985, roster: 0.85 },
  ...{ curbside: 6, calls: 25 },
};

/** Another hospital: busier, and careless with its records. No threshold was chosen on it. */
export const CARELESS: Habits = {
  ...{ days: 35, patients: 9_000, admissionsPerDay: 22, outpatientsPerDay: 150, emergenciesPerDay: 55 },
  recorded: { nurse: 0.4, consult: 0.5, float: 0.5, onCall: 0.4, walkIn: 0.95, roster: 0.5 },
  ...{ curbside: 12, calls: 40 },
};

export class World {
  readonly accesses: SimAccess[] = [];
  readonly relations: RelationInput[] = [];
  readonly shifts: ShiftInput[] = [];
  readonly contacts: ContactInput[] = [];
  readonly habits: Habits;
  readonly staff: readonly SimStaff[];
  readonly patients: readonly SimPatient[];
  #byPatient = new Map<string, RelationInput[]>();
  #indexed = -1;

  constructor(
    habits: Habits,
    people: { readonly staff: readonly SimStaff[]; readonly patients: readonly SimPatient[] },
  ) {
    this.habits = habits;
    this.staff = people.staff;
    this.patients = people.patients;
  }

  /** Some reads and writes of one look into a file, seconds apart. Returns when it was over. */
  look(rng: Rng, who: SimStaff, patient: number, time: number, what: Look): number {
    let at = time;
    const { reads, writes = 0, purpose = "TREAT", plot = -1 } = what;
    for (let i = 0; i < reads + writes; i++) {
      const kind: AccessKind = i < reads ? "read" : rng.chance(0.7) ? "create" : "update";
      const table = rng.pick(["public.observations", "public.notes", "public.medications", "public.patients"]);
      this.accesses.push({ time: at, kind, actor: who.actor, purpose, table, patient, plot });
      at += rng.between(5, 150) * SECOND;
    }
    return at;
  }

  /** What is written about one patient; good until the next `relate`. */
  relationsOf(patient: number): readonly RelationInput[] {
    if (this.#indexed !== this.relations.length) {
      this.#byPatient = Map.groupBy(this.relations, (relation) => relation.patient);
      this.#indexed = this.relations.length;
    }
    return this.#byPatient.get(String(patient)) ?? [];
  }

  relate(patient: number, actor: string | null, department: string | null, from: number, to: number | null): void {
    this.relations.push({ patient: String(patient), actor, department, from, to });
  }
}

export interface Look {
  readonly reads: number;
  readonly writes?: number;
  readonly purpose?: string;
  readonly plot?: number;
}
