/** A dump and restore, without the tools: the tables made as they were made once, then every row by COPY. */
import pg from "pg";
import { copyIn } from "../copy-in.ts";
import { fillHospital } from "../hospital/fill.ts";
import { columnList, type Row, rawRows, readShape, SESSION } from "../plant/shape.ts";
import { ident } from "../text.ts";
import type { LegalStep } from "./step.ts";

/** Tables and columns of `from` and `to` are the same afterwards, and so is every row. `steps` were done on `from`. */
export async function restoreHospital(from: string, to: string, steps: readonly LegalStep[]): Promise<void> {
  const [old, made] = [from, to].map((url) => new pg.Client({ connectionString: url }));
  if (old === undefined || made === undefined) return;
  for (const client of [old, made]) {
    client.on("error", () => undefined); // the query under way fails with the reason
    await client.connect();
  }
  try {
    // A few rows, all replaced below: some of the steps want to find something.
    await fillHospital(made, { patients: 60 });
    await made.query("SET search_path = public");
    for (const { sql } of steps) for (const statement of sql) await made.query(statement);
    await made.query(`${SESSION}; SET session_replication_role = replica`);
    await old.query(`${SESSION}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    for (const table of await tablesOf(made)) await copyTable(old, made, table);
    await old.query("COMMIT");
    for (const name of await sequencesOf(made)) await copySequence(old, made, name);
  } finally {
    for (const client of [old, made]) await client.end();
  }
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const sql =
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
  return (await rawRows(client, sql)).map(([name]) => name ?? "");
}

async function copyTable(old: pg.Client, made: pg.Client, table: string): Promise<void> {
  const shape = await readShape(made, table);
  const rows: readonly Row[] = await rawRows(old, `SELECT ${columnList(shape)} FROM public.${ident(table)}`);
  await made.query(`DELETE FROM public.${ident(table)}`);
  await copyIn(made, `COPY public.${ident(table)} (${columnList(shape)}) FROM STDIN`, rows);
}

async function sequencesOf(client: pg.Client): Promise<string[]> {
  const sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'";
  return (await rawRows(client, sql)).map(([name]) => name ?? "");
}

async function copySequence(old: pg.Client, made: pg.Client, name: string): Promise<void> {
  const [state] = await rawRows(old, `SELECT last_value, is_called FROM public.${ident(name)}`);
  await made.query("SELECT setval($1::regclass, $2, $3)", [`public.${ident(name)}`, state?.[0], state?.[1] === "t"]);
}
