import type pg from "pg";
import { copyIn } from "../copy-in.ts";
import { PRACTITIONERS } from "../hospital/rows.ts";
import { prose } from "../hospital/values.ts";
import { DIAGNOSES, DRUGS, LABS, SIGNALS, TASKS, WARDS } from "../hospital/vocabulary.ts";
import type { Rng } from "../random.ts";
import { type Actor, administration, clerk, clinician } from "./actors.ts";

/** What one action may use: a connection inside a transaction, chance, and a patient whose file is open. */
export interface Bedside {
  readonly client: pg.ClientBase;
  readonly rng: Rng;
  readonly patient: number;
}

export interface Action {
  readonly what: string;
  /** How often, against the others. */
  readonly weight: number;
  readonly actor: (rng: Rng) => Actor;
  /** Returns the rows written. */
  readonly act: (at: Bedside) => Promise<number>;
}

const someone = (rng: Rng): number => rng.between(1, PRACTITIONERS);

async function rows(at: Bedside, sql: string, values: readonly unknown[] = []): Promise<number> {
  const result = await at.client.query(sql, [at.patient, ...values]);
  return result.rowCount ?? 0;
}

/**
 * The newest row of the patient in a table, held so that two connections never wait for each other in a circle:
 * a row that another one holds is passed over.
 */
function newest(table: string, columns: string, order: string): string {
  return `(${columns}) = (SELECT ${columns} FROM ${table} WHERE patient_id = $1 ORDER BY ${order} DESC LIMIT 1 FOR UPDATE SKIP LOCKED)`;
}

async function admit(at: Bedside): Promise<number> {
  const { rng } = at;
  const sql =
    "WITH e AS (INSERT INTO encounters (patient_id, practitioner_id, class, status, period, reason) " +
    "VALUES ($1, $2, $3, 'in-progress', tstzrange(clock_timestamp(), NULL), $4) RETURNING id) " +
    "INSERT INTO care_team (encounter_id, practitioner_id, task, since) SELECT id, $2, $5, clock_timestamp() FROM e";
  const values = [someone(rng), rng.pick(["IMP", "EMER", "AMB"]), rng.chance(0.5) ? "" : null, rng.pick(TASKS)];
  const bed =
    "INSERT INTO bed_assignments (ward, bed, starts_at, patient_id) VALUES ($2, $3, clock_timestamp(), $1) ON CONFLICT DO NOTHING";
  // One row of `encounters` beside each one of `care_team`.
  return 2 * (await rows(at, sql, values)) + (await rows(at, bed, [rng.pick(WARDS), rng.between(1, 30)]));
}

function observe(at: Bedside): Promise<number> {
  const lab = at.rng.pick(LABS);
  const value = at.rng.between(lab.low, lab.high);
  const sql =
    "INSERT INTO observations (effective_at, patient_id, code, value, unit) " +
    "VALUES (clock_timestamp(), $1, $2, $3::numeric * power(10::numeric, $4::int)::numeric(12,4), $5)";
  return rows(at, sql, [lab.code, value, -lab.decimals, lab.unit]);
}

function correct(at: Bedside): Promise<number> {
  const where = newest("observations", "id, effective_at", "effective_at");
  return rows(at, `UPDATE observations SET value = value + 0.10, flags = flags || '{corrected}' WHERE ${where}`);
}

function prescribe(at: Bedside): Promise<number> {
  const drug = at.rng.pick(DRUGS);
  const sql =
    "INSERT INTO medications (patient_id, prescriber_id, code, name, dose, unit, times_per_day, every, valid, status) " +
    "VALUES ($1, $2, $3, $4, $5, $6, $7, '8 hours', daterange(current_date, NULL), 'active')";
  return rows(at, sql, [someone(at.rng), drug.code, drug.name, drug.dose / 1_000, drug.unit, at.rng.between(1, 4)]);
}

function stopDrug(at: Bedside): Promise<number> {
  return rows(
    at,
    `UPDATE medications SET status = 'stopped', instructions = '' WHERE ${newest("medications", "id", "id")}`,
  );
}

function diagnose(at: Bedside): Promise<number> {
  const { code, display } = at.rng.pick(DIAGNOSES);
  const sql =
    "INSERT INTO conditions (patient_id, code, display, severity, onset) VALUES ($1, $2, $3, $4, current_date)";
  return rows(at, sql, [code, display, at.rng.between(1, 5)]);
}

function writeNote(at: Bedside): Promise<number> {
  const sql = "INSERT INTO notes (patient_id, author_id, title, body) VALUES ($1, $2, 'ward round', $3)";
  return rows(at, sql, [someone(at.rng), prose(at.rng, at.rng.between(2_200, 3_000))]);
}

/** Leaves the long text alone: it stays out of line, and the stream does not carry it. */
function addendum(at: Bedside): Promise<number> {
  return rows(at, `UPDATE notes SET addendum = $2 WHERE ${newest("notes", "id", "id")}`, [prose(at.rng, 40)]);
}

function rewriteNote(at: Bedside): Promise<number> {
  return rows(at, `UPDATE notes SET body = body || $2 WHERE ${newest("notes", "id", "id")}`, [prose(at.rng, 300)]);
}

function mistake(at: Bedside): Promise<number> {
  return rows(at, `DELETE FROM observations WHERE ${newest("observations", "id, effective_at", "id")}`);
}

/** A wrong year, put right: the row leaves its partition for another. */
function wrongYear(at: Bedside): Promise<number> {
  const where = newest("observations", "id, effective_at", "id");
  const year = at.rng.pick(["-1 year", "1 year"]);
  return rows(at, `UPDATE observations SET effective_at = effective_at + $2::interval WHERE ${where}`, [year]);
}

function team(at: Bedside): Promise<number> {
  const sql =
    "INSERT INTO care_team (encounter_id, practitioner_id, task, since) " +
    "SELECT max(id), $2, $3, clock_timestamp() FROM encounters WHERE patient_id = $1 HAVING max(id) IS NOT NULL " +
    "ON CONFLICT (encounter_id, practitioner_id, task) DO UPDATE SET until = clock_timestamp()";
  return rows(at, sql, [at.rng.between(1, 3), at.rng.pick(TASKS)]);
}

function contact(at: Bedside): Promise<number> {
  const phone = at.rng.chance(0.2) ? null : at.rng.chance(0.2) ? "" : `+00 555 ${at.rng.between(100_000, 999_999)}`;
  const sql = `UPDATE patients SET phone = $2, address = jsonb_set(address, '{town}', '"Eastmere"') WHERE id = $1`;
  return rows(at, sql, [phone]);
}

function bill(at: Bedside): Promise<number> {
  const sql = "INSERT INTO invoices (patient_id, amount, currency) VALUES ($1, $2::numeric(12,2), 'EUR')";
  return rows(at, sql, [(at.rng.between(500, 90_000) / 100).toFixed(2)]);
}

function pay(at: Bedside): Promise<number> {
  return rows(at, `UPDATE invoices SET paid = NOT paid WHERE ${newest("invoices", "id", "id")}`);
}

function scan(at: Bedside): Promise<number> {
  const sql = "INSERT INTO documents (patient_id, media_type, content) VALUES ($1, 'image/png', decode($2, 'hex'))";
  return rows(at, sql, [at.rng.hex(at.rng.between(40, 400))]);
}

function allergy(at: Bedside): Promise<number> {
  const sql =
    "INSERT INTO allergies (patient_id, substance, reactions, criticality, ages) VALUES ($1, 'latex', '{rash,\"short breath\"}', 'low', '[3,9)')";
  return rows(at, sql);
}

/** A monitor's packet by COPY; it repeats a line now and then. */
function monitor(at: Bedside): Promise<number> {
  const { rng } = at;
  const stamp = new Date().toISOString();
  const lines = Array.from({ length: rng.between(3, 12) }, () => [
    ...[`mon-${rng.between(1, 12)}`, stamp, String(at.patient), rng.pick(SIGNALS)],
    ...[String(rng.between(40, 200) / 2), rng.chance(0.5) ? "" : null],
  ]);
  const sql = "COPY device_log (device, logged_at, patient_id, signal, reading, raw) FROM STDIN";
  return copyIn(at.client, sql, rng.chance(0.3) ? [...lines, ...lines.slice(0, 2)] : lines);
}

/** A row of the table without a key, changed by its place. */
function silence(at: Bedside): Promise<number> {
  const one = "(SELECT ctid FROM device_log WHERE patient_id = $1 LIMIT 1 FOR UPDATE SKIP LOCKED)";
  return at.rng.chance(0.3)
    ? rows(at, `DELETE FROM device_log WHERE ctid = ${one}`)
    : rows(at, `UPDATE device_log SET raw = 'acknowledged' WHERE ctid = ${one}`);
}

const action = (weight: number, what: string, act: Action["act"], actor: Action["actor"] = clinician): Action => ({
  ...{ what, weight, actor, act },
});

export const ACTIONS: readonly Action[] = [
  action(24, "write observation", observe),
  action(10, "correct observation", correct),
  action(6, "admit", admit),
  action(8, "prescribe", prescribe),
  action(5, "stop prescription", stopDrug),
  action(5, "diagnose", diagnose),
  action(5, "write note", writeNote),
  action(4, "add to note", addendum),
  action(3, "rewrite note", rewriteNote),
  action(4, "delete mistaken entry", mistake),
  action(3, "move to the right year", wrongYear),
  action(4, "care team", team),
  action(3, "allergy", allergy),
  action(8, "monitor packet", monitor),
  action(4, "monitor correction", silence),
  action(3, "scan document", scan),
  action(4, "bill", bill, clerk),
  action(3, "payment", pay, clerk),
  action(4, "contact data", contact, administration),
];
