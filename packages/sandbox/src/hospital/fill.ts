import { readFileSync } from "node:fs";
import pg from "pg";
import { copyIn } from "../copy-in.ts";
import { Rng } from "../random.ts";
import { COLUMNS, noRows, patientRows, practitioners, type Rows, TABLES, type Table } from "./rows.ts";

export interface FillOptions {
  /** Default 1,000: about 45,000 rows. */
  readonly patients?: number;
  /** The same seed gives the same rows, byte for byte. Default "anamnesis". */
  readonly seed?: string | number;
  /** Called after each stretch of patients. */
  readonly onProgress?: (patients: number, of: number) => void;
}

export interface FillResult {
  readonly rows: Readonly<Record<Table, number>>;
  readonly total: number;
  /** True when the hospital was there already: nothing was touched, and the counts are 0. */
  readonly existing: boolean;
}

/** Patients made and sent in one go: bounds the memory. */
const STRETCH = 250;

/** Schema and sample rows, in one transaction: never half a hospital. A hospital that is there stays as it is. */
export async function fillHospital(target: pg.ClientBase | string, options: FillOptions = {}): Promise<FillResult> {
  if (typeof target !== "string") return fill(target, options);
  const client = new pg.Client({ connectionString: target });
  client.on("error", () => undefined); // the query under way fails with the reason; nothing else shall
  await client.connect();
  try {
    return await fill(client, options);
  } finally {
    await client.end();
  }
}

/** The schema as SQL text; creates types, tables, indices, and sets the replica identity. */
export function hospitalSchema(): string {
  return readFileSync(new URL("./schema.sql", import.meta.url), "utf8");
}

/** The rows of patients `from` to `to` (both included, from 1). Pure. */
export function hospitalRows(seed: string | number, from: number, to: number): Rows {
  const rows = noRows();
  const rng = new Rng(String(seed));
  if (from === 1) rows.practitioners.push(...practitioners(rng.fork("practitioners")));
  for (let patient = from; patient <= to; patient++) patientRows(rng.fork("patient"), patient, rows);
  return rows;
}

async function fill(client: pg.ClientBase, options: FillOptions): Promise<FillResult> {
  const counts = Object.fromEntries(TABLES.map((table) => [table, 0])) as Record<Table, number>;
  const found = await client.query<{ there: boolean }>("SELECT to_regclass('public.patients') IS NOT NULL AS there");
  if (found.rows[0]?.there === true) return { rows: counts, total: 0, existing: true };
  const patients = options.patients ?? 1_000;
  await client.query("BEGIN");
  try {
    await client.query(`${hospitalSchema()}; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'`);
    for (let from = 1; from <= patients; from += STRETCH) {
      const to = Math.min(patients, from + STRETCH - 1);
      await send(client, hospitalRows(options.seed ?? "anamnesis", from, to), counts);
      options.onProgress?.(to, patients);
    }
    for (const table of TABLES) await advanceIdentity(client, table);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
  await client.query("ANALYZE");
  return { rows: counts, total: Object.values(counts).reduce((a, b) => a + b, 0), existing: false };
}

async function send(client: pg.ClientBase, rows: Rows, counts: Record<Table, number>): Promise<void> {
  for (const table of TABLES) {
    if (rows[table].length === 0) continue;
    const sql = `COPY public.${table} (${COLUMNS[table].replaceAll(" ", ", ")}) FROM STDIN`;
    counts[table] += await copyIn(client, sql, rows[table]);
  }
}

/** The generator gives ids itself; the ward's come after them. */
async function advanceIdentity(client: pg.ClientBase, table: Table): Promise<void> {
  if (!COLUMNS[table].startsWith("id ") || table === "practitioners" || table === "allergies") return;
  await client.query(
    `SELECT setval(pg_get_serial_sequence('public.${table}', 'id'), (SELECT coalesce(max(id), 1) FROM public.${table}))`,
  );
}
