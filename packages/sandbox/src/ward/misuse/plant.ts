/**
 * Misuse in the living hospital: people announce reads as an application does, legal ones of their own patients and planted
 * ones of others. All of it happens now, so patterns that need weeks are measured elsewhere (`npm run bench -- misuse`).
 */
import pg from "pg";
import { sandboxError } from "../../errors.ts";
import { Rng } from "../../random.ts";
import { actorStatement } from "../actors.ts";
import { type Cast, SCENES, type Scene } from "./scenes.ts";

export interface MisuseOptions {
  readonly url: string;
  readonly seed?: string | number;
  /** Legal reads around the planted ones; default 300. */
  readonly legal?: number;
}

export interface PlantedMisuse {
  readonly pattern: string;
  readonly actor: string;
  readonly patients: readonly number[];
}

/** Those whom the roster knows; the simulated ward's own people go on working and are left out. */
const STAFF_SQL =
  "SELECT id, login FROM practitioners WHERE role IN ('physician', 'nurse') AND login !~ '[.]' ORDER BY id";
/** Closed files, which the ward leaves alone; and nobody began to care for them lately. */
const QUIET_SQL = `SELECT p.id::int FROM patients p WHERE p.archived AND p.deceased_on IS NULL
  AND NOT EXISTS (SELECT FROM encounters e WHERE e.patient_id = p.id AND lower(e.period) > now() - interval '250 days')
  AND NOT EXISTS (SELECT FROM bed_assignments b WHERE b.patient_id = p.id AND b.starts_at > now() - interval '250 days')
  ORDER BY id`;
/** Open files of people who are no staff: those have the first numbers. */
const OPEN_SQL = "SELECT id::int FROM patients WHERE NOT archived AND id > 40 ORDER BY id";
/** What was never closed in their old files is closed: then they are in nobody's care. */
const DISCHARGE_SQL = [
  `UPDATE encounters SET status = 'finished', period = tstzrange(lower(period), lower(period) + interval '9 days')
   WHERE patient_id = ANY($1) AND coalesce(upper(period), now()) > lower(period) + interval '9 days'`,
  `UPDATE care_team t SET until = since + interval '9 days' FROM encounters e
   WHERE e.id = t.encounter_id AND e.patient_id = ANY($1) AND coalesce(t.until, now()) > t.since + interval '9 days'`,
  `UPDATE bed_assignments SET ends_at = starts_at + interval '9 days'
   WHERE patient_id = ANY($1) AND coalesce(ends_at, now()) > starts_at + interval '9 days'`,
];
const ADMIT_SQL =
  "INSERT INTO encounters (patient_id, practitioner_id, class, status, period) " +
  "VALUES ($1, $2, 'IMP', 'in-progress', tstzrange(clock_timestamp(), NULL))";

/** @throws AnamnesisError `sandbox/plant-failed` when the hospital has too few people for it */
export async function plantMisuse(options: MisuseOptions): Promise<readonly PlantedMisuse[]> {
  const client = new pg.Client({ connectionString: options.url, application_name: "ward" });
  await client.connect();
  try {
    return await play(client, new Rng(`misuse/${options.seed ?? "anamnesis"}`), options.legal ?? 300);
  } finally {
    await client.end();
  }
}

async function play(client: pg.Client, rng: Rng, legal: number): Promise<readonly PlantedMisuse[]> {
  const staff = (await client.query<{ id: number; login: string }>(STAFF_SQL)).rows;
  const free = (await client.query<{ id: number }>(QUIET_SQL)).rows.map((row) => row.id);
  const wanted = SCENES.reduce((sum, scene) => sum + scene.patients, 0);
  const open = (await client.query<{ id: number }>(OPEN_SQL)).rows.map((row) => row.id);
  if (staff.length < SCENES.length || free.length < wanted || open.length === 0) {
    throw sandboxError(
      "sandbox/plant-failed",
      "too few people to plant misuse among: fill the hospital with more patients",
    );
  }
  await as(client, "admin.verhoeven", async () => {
    for (const sql of DISCHARGE_SQL) await client.query(sql, [free.slice(0, wanted)]);
  });
  const planted: PlantedMisuse[] = [];
  const rounds = Math.ceil(legal / SCENES.length);
  let taken = 0;
  for (const [i, scene] of SCENES.entries()) {
    for (let n = 0; n < rounds; n++) await care(client, rng.pick(staff), rng.pick(open));
    const member = staff[i];
    if (member === undefined) break;
    const cast = { ...member, patients: free.slice(taken, (taken += scene.patients)) };
    await act(client, scene, cast);
    planted.push({ pattern: scene.pattern, actor: cast.login, patients: cast.patients });
  }
  return planted;
}

/** Somebody's own patient: admitted, looked at, written about. */
async function care(
  client: pg.Client,
  who: { readonly id: number; readonly login: string },
  patient: number,
): Promise<void> {
  await as(client, who.login, async () => {
    await client.query(ADMIT_SQL, [patient, who.id]);
    await read(client, patient);
  });
}

async function act(client: pg.Client, scene: Scene, cast: Cast): Promise<void> {
  await as(client, "admin.verhoeven", async () => {
    for (const sql of scene.circumstances) {
      // A statement about one of the two takes one number: whichever it names.
      const both = sql.includes("$1") && sql.includes("$2");
      const only = sql.includes("UPDATE patients") ? cast.patients[0] : cast.id;
      await client.query(both ? sql : sql.replace("$2", "$1"), both ? [cast.id, cast.patients[0]] : [only]);
    }
  });
  for (const patient of cast.patients) await as(client, cast.login, () => read(client, patient));
}

async function as(client: pg.Client, login: string, work: () => Promise<unknown>): Promise<void> {
  await client.query(`BEGIN; ${actorStatement({ name: login, purpose: "TREAT" })}`);
  await work();
  await client.query("COMMIT");
}

async function read(client: pg.Client, patient: number): Promise<void> {
  const text = JSON.stringify({ table: "public.patients", key: [String(patient)] });
  await client.query("SELECT pg_logical_emit_message(true, 'anamnesis.read', $1)", [text]);
}
