/**
 * What only the hospital knows, in the form in which the rules ask for it. Everything here is looked up at the hospital's
 * own database and stays in memory: nothing of it goes on the ledger, and reasons repeat none of it but counts.
 */
import { type Address, addressOf, plainText } from "./address.ts";

export interface PatientInput {
  readonly patient: string;
  readonly family?: string | null;
  readonly street?: string | null;
  readonly town?: string | null;
  readonly vip?: boolean;
  /** Microseconds since 1970. */
  readonly deceased?: number | null;
}

export interface StaffInput {
  readonly actor: string;
  readonly role?: string | null;
  readonly department?: string | null;
  readonly family?: string | null;
  readonly street?: string | null;
  readonly town?: string | null;
  /** The patient this person is, when the hospital has treated them. */
  readonly patient?: string | null;
}

/** Why somebody may open a file: an encounter, a bed in a ward, a task in a care team, an appointment. */
export interface RelationInput {
  readonly patient: string;
  readonly actor?: string | null;
  readonly department?: string | null;
  /** Microseconds since 1970. */
  readonly from: number;
  /** null: not over yet. */
  readonly to: number | null;
}

/** A stretch of duty, and where it is done if that is not the person's own department. */
export interface ShiftInput {
  readonly actor: string;
  readonly department?: string | null;
  readonly from: number;
  readonly to: number;
}

/** The staff member is or was named as this patient's contact: partner, former partner, parent. */
export interface ContactInput {
  readonly patient: string;
  readonly actor: string;
}

export interface Patient {
  readonly family: string;
  readonly address: Address | undefined;
  readonly vip: boolean;
  readonly deceased: number | null;
}

export interface Staff {
  readonly role: string;
  readonly department: string | null;
  readonly family: string;
  readonly address: Address | undefined;
}

export interface Relation {
  readonly actor: string | null;
  readonly department: string | null;
  readonly from: number;
  readonly to: number | null;
}

/** What the hospital was able to say at all. A rule whose need is not here is skipped, and the report says so. */
export const NEEDS = [
  "staff",
  "relations",
  "families",
  "addresses",
  "staff-patients",
  "vip",
  "contacts",
  "patient-numbers",
] as const;
export type Need = (typeof NEEDS)[number];

const NO_RELATIONS: readonly Relation[] = [];
const NO_SHIFTS: readonly ShiftInput[] = [];

export class Facts {
  readonly #patients = new Map<string, Patient>();
  readonly #staff = new Map<string, Staff>();
  readonly #relations = new Map<string, Relation[]>();
  readonly #shifts = new Map<string, ShiftInput[]>();
  readonly #contacts = new Set<string>();
  readonly #bearers = new Map<string, number>();
  /** Patient → the staff member that he or she is. */
  readonly #colleagues = new Map<string, string>();
  readonly #has = new Set<Need>(["patient-numbers"]);
  #named = 0;

  /** How common family names are, over all patients of the hospital: offer every one, also those never accessed. */
  countFamily(family: string | null | undefined): void {
    const name = plainText(family);
    if (name === "") return;
    this.#named++;
    this.#bearers.set(name, (this.#bearers.get(name) ?? 0) + 1);
  }

  addPatient(input: PatientInput): void {
    const address = addressOf(input.street, input.town);
    if (input.vip === true) this.#has.add("vip");
    const { vip = false, deceased = null } = input;
    this.#patients.set(input.patient, { family: plainText(input.family), address, vip, deceased });
  }

  addStaff(input: StaffInput): void {
    const address = addressOf(input.street, input.town);
    const family = plainText(input.family);
    if (family !== "") this.#has.add("families");
    if (address !== undefined) this.#has.add("addresses");
    this.#has.add("staff");
    this.#staff.set(input.actor, { role: input.role ?? "", department: input.department ?? null, family, address });
    if (!input.patient) return;
    this.#has.add("staff-patients");
    this.#colleagues.set(input.patient, input.actor);
  }

  addRelation({ patient, actor = null, department = null, from, to }: RelationInput): void {
    this.#has.add("relations");
    push(this.#relations, patient, { actor, department, from, to });
  }

  addShift(shift: ShiftInput): void {
    push(this.#shifts, shift.actor, shift);
  }

  addContact({ patient, actor }: ContactInput): void {
    this.#has.add("contacts");
    this.#contacts.add(pair(actor, patient));
  }

  /** Says that the hospital's mapping tells this, even if nobody of those accessed is concerned. */
  provide(need: Need): void {
    this.#has.add(need);
  }

  has(need: Need): boolean {
    return this.#has.has(need);
  }
  patient(id: string): Patient | undefined {
    return this.#patients.get(id);
  }
  staff(actor: string): Staff | undefined {
    return this.#staff.get(actor);
  }
  /** The staff member that this patient is. */
  colleague(patient: string): string | undefined {
    return this.#colleagues.get(patient);
  }
  relations(patient: string): readonly Relation[] {
    return this.#relations.get(patient) ?? NO_RELATIONS;
  }
  shifts(actor: string): readonly ShiftInput[] {
    return this.#shifts.get(actor) ?? NO_SHIFTS;
  }
  isContact(actor: string, patient: string): boolean {
    return this.#contacts.has(pair(actor, patient));
  }
  /** Patients with this family name, and patients whose name is known. */
  bearers(family: string): { readonly bearers: number; readonly among: number } {
    return { bearers: this.#bearers.get(family) ?? 0, among: this.#named };
  }
}

const pair = (actor: string, patient: string): string => `${actor}\0${patient}`;

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
