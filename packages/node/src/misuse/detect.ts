/**
 * Queries for schemas that use usual names, so that most hospitals begin with something. Only columns that are there are
 * asked for; a query whose indispensable columns are missing is left out, and the rules that need it are skipped.
 */
import type { MisuseConfig, MisuseQuery } from "../folder/misuse-config.ts";

/** Columns by table (`schema.table`), in lower case. */
export type Columns = ReadonlyMap<string, ReadonlyMap<string, string>>;

interface Table {
  readonly name: string;
  readonly columns: ReadonlyMap<string, string>;
}

const PATIENTS = ["patients", "patient"];
const STAFF = ["practitioners", "practitioner", "staff", "employees", "providers", "users"];

export function detectQueries(all: Columns): MisuseConfig {
  const patients = one(all, PATIENTS);
  const staff = one(all, STAFF);
  const queries: readonly (readonly [MisuseQuery, string | undefined])[] = [
    ["patients", patients && patientsQuery(patients)],
    ["staff", staff && staffQuery(staff)],
    ["relations", union(relationQueries(all, staff))],
    ["shifts", shiftsQuery(all, staff)],
    ["contacts", patients && staff && contactsQuery(patients, staff)],
  ];
  return Object.fromEntries(queries.filter(([, sql]) => sql !== undefined));
}

function patientsQuery(t: Table): string | undefined {
  const id = column(t, "id", "patient_id", "pat_id", "mrn");
  if (id === undefined) return undefined;
  const family = column(t, "family", "last_name", "lastname", "family_name", "surname", "name");
  const deceased = column(t, "deceased_on", "deceased_at", "death_date", "deathdate", "date_of_death");
  const vip = column(t, "vip", "is_vip", "vip_flag");
  return select(t, { patient: id, family, ...addressOf(t), vip, deceased });
}

function staffQuery(t: Table): string | undefined {
  const actor = column(t, "login", "username", "user_name", "account", "id");
  if (actor === undefined) return undefined;
  const family = column(t, "family", "last_name", "lastname", "family_name", "surname") ?? lastWord(t);
  const own = column(t, "own_file", "own_patient_id", "patient_no");
  const department = column(t, "department", "ward", "unit", "department_id");
  return select(t, {
    actor,
    role: column(t, "role", "job", "profession"),
    department,
    family,
    ...addressOf(t),
    patient: own,
  });
}

/** "Given Family" in one column: the last word. */
function lastWord(t: Table): string | undefined {
  const name = column(t, "name", "full_name");
  return name && `regexp_replace(${name}, '^.* ', '')`;
}

/** Encounters and care teams by person, beds by ward. */
function relationQueries(all: Columns, staff: Table | undefined): string[] {
  const queries: string[] = [];
  const encounters = one(all, ["encounters", "encounter", "visits", "admissions"]);
  const by = (t: Table) => staff && personOf(t, staff);
  if (encounters !== undefined) {
    const query = relation(encounters, by(encounters), periodOf(encounters));
    if (query !== undefined) queries.push(query);
    const team = one(all, ["care_team", "care_teams"]);
    if (team !== undefined) queries.push(...teamQuery(team, encounters, by(team)));
  }
  for (const name of ["bed_assignments", "beds", "transfers", "appointments"]) {
    const t = one(all, [name]);
    const query = t && relation(t, by(t), periodOf(t));
    if (query !== undefined) queries.push(query);
  }
  return queries;
}

interface Period {
  readonly begins: string;
  readonly ends: string | undefined;
}

function periodOf(t: Table): Period | undefined {
  const range = column(t, "period");
  if (range !== undefined && t.columns.get("period")?.endsWith("range") === true) {
    return { begins: `lower(${range})`, ends: `upper(${range})` };
  }
  const begins = column(t, "starts_at", "start_time", "started_at", "admitted_at", "since", "start", "begin", "date");
  if (begins === undefined) return undefined;
  return { begins, ends: column(t, "ends_at", "end_time", "ended_at", "discharged_at", "until", "stop", "end") };
}

function relation(t: Table, actor: string | undefined, period: Period | undefined): string | undefined {
  const patient = column(t, "patient_id", "patient", "pat_id", "subject_id");
  const department = column(t, "ward", "department", "department_id", "unit");
  if (patient === undefined || period === undefined || (actor === undefined && department === undefined))
    return undefined;
  const all = { patient, actor: actor ?? "NULL", department: department ?? "NULL", ...period };
  return select(t, { ...all, ends: period.ends ?? "NULL" });
}

function teamQuery(team: Table, encounters: Table, actor: string | undefined): string[] {
  const period = periodOf(team);
  const [of, id, patient] = [column(team, "encounter_id"), column(encounters, "id"), column(encounters, "patient_id")];
  if (period === undefined || actor === undefined || !of || !id || !patient) return [];
  const about = `(SELECT e.${patient.slice(2)} FROM ${encounters.name} e WHERE e.${id.slice(2)} = ${of})`;
  return [
    select(team, { patient: about, actor, department: "NULL", begins: period.begins, ends: period.ends ?? "NULL" }),
  ];
}

function shiftsQuery(all: Columns, staff: Table | undefined): string | undefined {
  const t = one(all, ["shifts", "shift", "roster", "duties"]);
  const period = t && periodOf(t);
  const actor = t && staff && personOf(t, staff);
  if (t === undefined || period?.ends === undefined || actor === undefined) return undefined;
  return select(t, {
    actor,
    department: column(t, "department", "ward", "unit"),
    begins: period.begins,
    ends: period.ends,
  });
}

/** Somebody of the staff whose telephone a patient names as the contact's. */
function contactsQuery(patients: Table, staff: Table): string | undefined {
  const [id, login, phone] = [column(patients, "id"), column(staff, "login", "username"), column(staff, "phone")];
  if (!id || !login || !phone || patients.columns.get("contact") !== "jsonb") return undefined;
  return (
    `SELECT p.${id.slice(2)} AS patient, s.${login.slice(2)} AS actor FROM ${patients.name} p ` +
    `JOIN ${staff.name} s ON s.${phone.slice(2)} = p.contact->>'phone'`
  );
}

/** The login of the person that a column of `t` refers to. */
function personOf(t: Table, staff: Table): string | undefined {
  const reference = column(t, "practitioner_id", "staff_id", "provider_id", "employee_id", "user_id", "doctor_id");
  const [id, login] = [column(staff, "id"), column(staff, "login", "username", "user_name", "account")];
  if (!reference || !id || !login) return column(t, "login", "username");
  return `(SELECT s.${login.slice(2)} FROM ${staff.name} s WHERE s.${id.slice(2)} = ${reference})`;
}

function addressOf(t: Table) {
  if (t.columns.get("address") === "jsonb") {
    return { street: `t."address"->>'street'`, town: `t."address"->>'town'` };
  }
  return { street: column(t, "street", "address", "address_line", "address1"), town: column(t, "town", "city") };
}

const union = (queries: readonly string[]): string | undefined =>
  queries.length === 0 ? undefined : queries.join(" UNION ALL ");

/** `t."name"` of the first of these columns that is there. */
function column(t: Table, ...names: readonly string[]): string | undefined {
  const found = names.find((name) => t.columns.has(name));
  return found && `t."${found}"`;
}

function one(all: Columns, names: readonly string[]): Table | undefined {
  for (const name of names) {
    for (const [table, columns] of all) {
      const [schema = "", relation = ""] = table.split(".");
      if (relation === name) return { name: `"${schema}"."${relation}"`, columns };
    }
  }
  return undefined;
}

function select(t: Table, columns: Readonly<Record<string, string | undefined>>): string {
  const there = Object.entries(columns).filter(([, expression]) => expression !== undefined);
  return `SELECT ${there.map(([name, expression]) => `${expression} AS ${name}`).join(", ")} FROM ${t.name} t`;
}
