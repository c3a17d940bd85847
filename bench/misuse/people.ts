/**
 * The people of a simulated hospital: staff with their private lives, patients among whom are relatives, neighbours, stars
 * and colleagues. Nothing here is shared with the detector but the plain text of names and addresses.
 */
import type { Rng } from "@anamnesis/sandbox";

export interface Person {
  readonly family: string;
  readonly street: string;
  readonly house: number;
  readonly town: string;
}

export interface SimStaff extends Person {
  readonly actor: string;
  readonly role: string;
  /** null: the pool of float nurses. */
  readonly department: string | null;
  /** Number of the patient that this person is. */
  readonly patient: number | null;
  /** Patients who name this person as their contact. */
  readonly contactOf: number[];
  /** Place in the rota. */
  readonly turn: number;
}

export interface SimPatient extends Person {
  readonly number: number;
  readonly vip: boolean;
  deceased: number | null;
}

export const DEPARTMENTS = (
  "surgery internal cardiology oncology neurology paediatrics gynaecology orthopaedics urology psychiatry " +
  "emergency intensive-care"
).split(" ");

const PER_DEPARTMENT = [
  ["physician", 5],
  ["nurse", 14],
] as const;
const CENTRAL = [
  ["laboratory", 10],
  ["pharmacist", 6],
  ["registration", 10],
  ["billing", 6],
  ["records", 3],
] as const;
const FLOATERS = 8;
const NAMES = 900;
const STREETS = 160;
const TOWNS = ["Nordhaven", "Eastmere", "Kirchfeld"];

export function makePeople(rng: Rng, patientCount: number): { staff: SimStaff[]; patients: SimPatient[] } {
  const patients: SimPatient[] = [];
  for (let number = 1; number <= patientCount; number++) {
    const housemate = rng.chance(0.3) ? patients[rng.int(Math.max(1, number - 1))] : undefined;
    const person = housemate === undefined ? stranger(rng) : { ...at(housemate), family: housemate.family };
    patients.push({ ...person, number, vip: rng.chance(0.006), deceased: null });
  }
  const staff: SimStaff[] = [];
  const hire = (role: string, department: string | null) =>
    staff.push(employee(rng, staff.length, role, department, patients));
  for (const department of DEPARTMENTS) {
    for (const [role, count] of PER_DEPARTMENT) for (let i = 0; i < count; i++) hire(role, department);
  }
  for (let i = 0; i < FLOATERS; i++) hire("nurse", null);
  for (const [role, count] of CENTRAL) for (let i = 0; i < count; i++) hire(role, role);
  return { staff, patients };
}

/** A quarter are patients of their own hospital; a third have family among the patients; some are somebody's contact. */
function employee(rng: Rng, turn: number, role: string, department: string | null, patients: SimPatient[]): SimStaff {
  const self = rng.chance(0.25) ? rng.pick(patients) : undefined;
  const kin = rng.chance(0.33) ? rng.pick(patients) : undefined;
  const origin = self ?? kin ?? stranger(rng);
  const moved = self === undefined && rng.chance(0.4);
  const contactOf = rng.chance(0.25) ? [rng.pick(patients).number] : [];
  if (kin !== undefined && rng.chance(0.3)) contactOf.push(kin.number);
  return {
    ...(moved ? at(stranger(rng)) : at(origin)),
    family: origin.family,
    actor: `${role.slice(0, 4)}${String(turn).padStart(4, "0")}`,
    ...{ role, department, turn, contactOf, patient: self?.number ?? null },
  };
}

function stranger(rng: Rng): Person {
  return {
    family: `Family${zipf(rng)}`,
    street: `Street ${String.fromCharCode(65 + rng.int(26))}${rng.int(STREETS)} Lane`,
    house: rng.between(1, 90),
    town: rng.pick(TOWNS),
  };
}

const at = ({ street, house, town }: Person) => ({ street, house, town });

/** Few names are common and most are rare: rank r about as often as 1/r. */
function zipf(rng: Rng): number {
  const u = (rng.uint32() + 1) / 2 ** 32;
  return Math.min(NAMES, Math.floor(NAMES ** u));
}
