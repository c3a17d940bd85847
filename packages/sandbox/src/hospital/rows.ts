import type { Rng } from "../random.ts";
import { arrayText, type Value } from "../text.ts";
import * as v from "./values.ts";
import * as words from "./vocabulary.ts";

/** The columns written by the generator, per table, in the order in which foreign keys allow filling. */
export const COLUMNS = {
  practitioners: "id login name role specialities employed department phone address own_file",
  patients: "id mrn family given sex birth_date phone email address archived created_at vip deceased_on contact",
  encounters: "id patient_id practitioner_id class status period reason",
  conditions: "id patient_id encounter_id code display severity onset recorded_at remark",
  observations: "id effective_at patient_id encounter_id code value unit reference components flags",
  medications:
    "id patient_id encounter_id prescriber_id code name dose unit times_per_day every valid status instructions",
  allergies: "id patient_id substance reactions criticality ages verified_at",
  notes: "id patient_id author_id written_at title body addendum",
  documents: "id patient_id media_type content meta received_at",
  invoices: "id patient_id encounter_id amount currency issued_at paid",
  care_team: "encounter_id practitioner_id task since until",
  bed_assignments: "ward bed starts_at patient_id ends_at remark",
  device_log: "device logged_at patient_id signal reading raw",
} as const;

export type Table = keyof typeof COLUMNS;
export const TABLES = Object.keys(COLUMNS) as readonly Table[];
export const PRACTITIONERS = 28;

type Row = readonly Value[];
export type Rows = Record<Table, Row[]>;

export function noRows(): Rows {
  return Object.fromEntries(TABLES.map((table) => [table, []])) as unknown as Rows;
}

export function practitioners(rng: Rng): Row[] {
  return [...rosterOf(rng), ...wardStaff(rng)];
}

function rosterOf(rng: Rng): Row[] {
  return Array.from({ length: PRACTITIONERS }, (_, i) => {
    const name = `${rng.pick(words.GIVEN)} ${rng.pick(words.FAMILIES)}`;
    const role = words.ROLES[i % words.ROLES.length] ?? "nurse";
    const since = v.day(Date.UTC(2005 + rng.int(18), rng.int(12), 1));
    const skills = rng.chance(0.4) ? arrayText(["ward", rng.pick(["surgery", "internal", "intensive care"])]) : "{}";
    const login = `${role.slice(0, 4)}${String(i + 1).padStart(3, "0")}`;
    return [String(i + 1), login, name, role, skills, `[${since},)`, ...privateLife(rng.fork(`private/${i}`), role)];
  });
}

/** The people who work in the simulated ward: in the directory as well, but in nobody's care team. */
function wardStaff(rng: Rng): Row[] {
  return words.WARD_STAFF.map(({ login, role }, i) => {
    const own = rng.fork(`ward/${i}`);
    const name = `${own.pick(words.GIVEN)} ${own.pick(words.FAMILIES)}`;
    return [String(PRACTITIONERS + 1 + i), login, name, role, "{}", "[2015-01-01,)", ...privateLife(own, role)];
  });
}

/** Department, telephone, home, and the file of those who are patients as well. */
function privateLife(rng: Rng, role: string): Row {
  const department = role === "physician" || role === "nurse" ? rng.pick(words.WARDS) : role;
  const phone = `+00 555 ${String(rng.int(1_000_000)).padStart(6, "0")}`;
  return [department, phone, home(rng), rng.chance(0.2) ? String(rng.between(1, 40)) : null];
}

const home = (rng: Rng): string =>
  JSON.stringify({ street: `${rng.pick(words.STREETS)} ${rng.between(1, 99)}`, town: rng.pick(words.TOWNS) });

/** Every fourth patient's file is closed: the ward never writes there again. */
export function isArchived(patient: number): boolean {
  return patient % 4 === 0;
}

/** Everything about one patient. Ids are a function of the patient's number, so patients can be made in any order. */
export function patientRows(seed: Rng, patient: number, into: Rows): void {
  const rng = seed.fork(patient);
  into.patients.push(person(rng, patient));
  const encounters = rng.between(2, 4);
  for (let n = 0; n < encounters; n++) encounterRows(rng, patient, (patient - 1) * 4 + n + 1, into);
  if (rng.chance(0.6)) into.allergies.push(allergy(rng, patient));
  for (let n = rng.between(1, 2); n > 0; n--) into.notes.push(note(rng, patient, (patient - 1) * 2 + n));
  if (rng.chance(0.5)) into.documents.push(document(rng, patient));
  if (rng.chance(0.7)) into.bed_assignments.push(bed(rng, patient));
  deviceRows(rng, patient, into);
}

function person(rng: Rng, id: number): Row {
  const given = Array.from({ length: rng.between(1, 3) }, () => rng.pick(words.GIVEN));
  const address = { street: `${rng.pick(words.STREETS)} ${rng.between(1, 99)}`, town: rng.pick(words.TOWNS) };
  const phone = v.maybe(rng, `+00 555 ${String(rng.int(1_000_000)).padStart(6, "0")}`);
  return [
    ...[String(id), `H${String(id).padStart(7, "0")}`, rng.pick(words.FAMILIES), arrayText(given)],
    ...[rng.pick(["female", "male", "other", "unknown"]), v.birthDate(rng), phone],
    ...[v.maybe(rng, `p${id}@patients.example`), JSON.stringify(address)],
    ...[isArchived(id) ? "t" : "f", v.someStamp(rng, v.someMs(rng))],
    ...publicLife(rng.fork("public")),
  ];
}

/** Whether everybody knows this patient, whether he or she has died, and whom to call. */
function publicLife(rng: Rng): Row {
  const contact = { name: rng.pick(words.GIVEN), phone: `+00 555 ${String(rng.int(1_000_000)).padStart(6, "0")}` };
  const died = rng.chance(0.02) ? v.day(v.someMs(rng)) : null;
  return [rng.chance(0.01) ? "t" : "f", died, rng.chance(0.7) ? JSON.stringify(contact) : null];
}

function encounterRows(rng: Rng, patient: number, id: number, into: Rows): void {
  const start = v.someMs(rng);
  const doctor = rng.between(1, PRACTITIONERS);
  const end = rng.chance(0.9) ? `"${v.someStamp(rng, v.later(rng, start, 12))}"` : "";
  const reason = v.maybe(rng, rng.pick(words.DIAGNOSES).display);
  into.encounters.push([
    ...[String(id), String(patient), String(doctor), rng.pick(["AMB", "EMER", "IMP", "HH"])],
    ...[end === "" ? "in-progress" : "finished", `["${v.someStamp(rng, start)}",${end})`, reason],
  ]);
  into.conditions.push(condition(rng, patient, id, start));
  for (let n = 0; n < 7; n++) into.observations.push(observation(rng, patient, id, id * 7 + n, start));
  into.medications.push(medication(rng, patient, id, start));
  into.invoices.push(invoice(rng, patient, id, start));
  const until = rng.chance(0.5) ? v.someStamp(rng, v.later(rng, start, 5)) : null;
  for (const task of words.TASKS.slice(0, rng.between(1, 2)))
    into.care_team.push([String(id), String(doctor), task, v.someStamp(rng, start), until]);
}

function condition(rng: Rng, patient: number, encounter: number, ms: number): Row {
  const { code, display } = rng.pick(words.DIAGNOSES);
  return [
    ...[String(encounter), String(patient), rng.chance(0.9) ? String(encounter) : null, code, display],
    ...[rng.chance(0.5) ? String(rng.between(1, 5)) : null, v.day(ms), v.someStamp(rng, v.later(rng, ms, 2))],
    v.maybe(rng, "as told by the patient"),
  ];
}

function observation(rng: Rng, patient: number, encounter: number, id: number, ms: number): Row {
  const lab = rng.pick(words.LABS);
  const value = v.decimal(rng.between(lab.low, lab.high), lab.decimals);
  const reference = `[${v.decimal(lab.low, lab.decimals)},${v.decimal(lab.high, lab.decimals)}]`;
  const pressure =
    lab.unit === "mm[Hg]" ? JSON.stringify({ systolic: Number(value), diastolic: rng.between(50, 95) }) : null;
  const flags = rng.chance(0.1) ? arrayText(["high", "phoned to ward"]) : "{}";
  return [
    ...[
      String(id),
      v.someStamp(rng, v.later(rng, ms, 8)),
      String(patient),
      rng.chance(0.95) ? String(encounter) : null,
    ],
    ...[lab.code, rng.chance(0.98) ? value : null, lab.unit, reference, pressure, flags],
  ];
}

function medication(rng: Rng, patient: number, encounter: number, ms: number): Row {
  const drug = rng.pick(words.DRUGS);
  const valid = `[${v.day(ms)},${rng.chance(0.7) ? v.day(v.later(rng, ms, 200) + 86_400_000) : ""})`;
  return [
    ...[
      String(encounter),
      String(patient),
      String(encounter),
      String(rng.between(1, PRACTITIONERS)),
      drug.code,
      drug.name,
    ],
    ...[v.decimal(drug.dose * rng.between(1, 4), 3), drug.unit, String(rng.between(1, 4))],
    ...[rng.chance(0.3) ? rng.pick(["08:00:00", "1 day", "12:30:00"]) : null, valid],
    ...[rng.pick(["active", "completed", "stopped"]), v.maybe(rng, "with food\tand water")],
  ];
}

function invoice(rng: Rng, patient: number, encounter: number, ms: number): Row {
  const amount = v.decimal(rng.between(100, 9_000) * 10, 2);
  const [issued, paid] = [v.someStamp(rng, v.later(rng, ms, 40)), rng.chance(0.6) ? "t" : "f"];
  return [String(encounter), String(patient), String(encounter), amount, rng.pick(["EUR", "CHF", "CNY"]), issued, paid];
}

function allergy(rng: Rng, patient: number): Row {
  const reactions = arrayText([rng.pick(words.REACTIONS), rng.pick(words.REACTIONS)]);
  const from = rng.between(1, 40);
  const verified = rng.chance(0.6) ? v.someStamp(rng, v.someMs(rng)) : null;
  const grade = rng.pick(["low", "high", "unable-to-assess"]);
  return [
    v.uuid(rng),
    String(patient),
    rng.pick(words.SUBSTANCES),
    reactions,
    grade,
    `[${from},${from + 30})`,
    verified,
  ];
}

function note(rng: Rng, patient: number, id: number): Row {
  const [author, body] = [String(rng.between(1, PRACTITIONERS)), v.prose(rng, rng.between(2_200, 4_200))];
  return [
    String(id),
    String(patient),
    author,
    v.someStamp(rng, v.someMs(rng)),
    "progress note",
    body,
    v.maybe(rng, "see laboratory"),
  ];
}

function document(rng: Rng, patient: number): Row {
  const meta = JSON.stringify({ pages: rng.between(1, 9), scanner: `S-${rng.between(1, 4)}`, tags: ["external"] });
  const content = `\\x${rng.hex(rng.between(60, 600))}`;
  return [
    String(patient),
    String(patient),
    rng.pick(["application/pdf", "image/png"]),
    content,
    meta,
    v.someStamp(rng, v.someMs(rng)),
  ];
}

/** The patient's number is in the minute, so no two patients share a bed and a moment. */
function bed(rng: Rng, patient: number): Row {
  const ms = Date.UTC(2023, 0, 1) + patient * 60_000 + rng.int(60_000);
  const ends = rng.chance(0.8) ? v.someStamp(rng, v.later(rng, ms, 9)) : null;
  const remark = v.maybe(rng, "window | quiet \\ single");
  return [rng.pick(words.WARDS), String(rng.between(1, 30)), v.someStamp(rng, ms), String(patient), ends, remark];
}

function deviceRows(rng: Rng, patient: number, into: Rows): void {
  for (let n = rng.between(3, 7); n > 0; n--) {
    const owner = rng.chance(0.9) ? String(patient) : null;
    const reading = rng.chance(0.9) ? String(rng.between(200, 1_200) / 8) : null;
    const raw = v.maybe(rng, `f=${rng.int(16)}`);
    const row: Row = [
      `mon-${rng.between(1, 12)}`,
      v.someStamp(rng, v.someMs(rng)),
      owner,
      rng.pick(words.SIGNALS),
      reading,
      raw,
    ];
    into.device_log.push(row);
    if (rng.chance(0.05)) into.device_log.push(row); // monitors repeat themselves
  }
}
