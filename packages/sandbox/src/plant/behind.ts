/*
 * How an insider writes behind a change capture, without touching the capture: in ONE transaction, take the table out of
 * the publication, write, put the table back.
 *
 * Why it works (found by trying on PostgreSQL 18.4, see the integration test): logical decoding reads the catalog as it
 * was at each change, the decoded transaction's own catalog changes included. At the moment of the write the table was
 * not published, so pgoutput leaves the row out; nobody else ever sees the publication without the table, because both
 * ALTERs become visible together. Legal writes of others at the same time are decoded as always. The right needed is
 * ownership of the publication and of the table.
 *
 * Traces that remain, for whoever looks: pg_publication_rel has a new oid and xmin, and the next row of the table comes
 * with a repeated Relation message.
 */
import type pg from "pg";
import { sandboxError } from "../errors.ts";
import { ident } from "../text.ts";
import { rawRows } from "./shape.ts";

/** The two statements around a hidden write. */
export interface Toggle {
  readonly off: string;
  readonly on: string;
}

/** `undefined` when the publication does not hold the table. Throws `sandbox/plant-failed` for FOR ALL TABLES. */
export async function toggleFor(
  client: pg.ClientBase,
  publication: string,
  table: string,
): Promise<Toggle | undefined> {
  const [all] = await rawRows(client, "SELECT puballtables FROM pg_publication WHERE pubname = $1", [publication]);
  if (all === undefined)
    throw sandboxError("sandbox/plant-failed", "there is no such publication: start capture first");
  if (all[0] === "t")
    throw sandboxError("sandbox/plant-failed", "a publication FOR ALL TABLES cannot leave one table out");
  const old = await before15(client);
  const members = await rawRows(client, membersSql(old ? "''" : COLUMNS_AND_FILTER), [publication, `public.${table}`]);
  const name = ident(publication);
  if (members.length > 0)
    return {
      off: `ALTER PUBLICATION ${name} DROP TABLE ${members.map(([relation]) => relation).join(", ")}`,
      on: `ALTER PUBLICATION ${name} ADD TABLE ${members.map(([relation, rest]) => `${relation}${rest}`).join(", ")}`,
    };
  const schema = old ? [] : await rawRows(client, SCHEMA, [publication]);
  if (schema.length === 0) return undefined;
  const what = "TABLES IN SCHEMA public";
  return { off: `ALTER PUBLICATION ${name} DROP ${what}`, on: `ALTER PUBLICATION ${name} ADD ${what}` };
}

/** PostgreSQL 14 knows neither column lists nor row filters nor whole schemas. */
async function before15(client: pg.ClientBase): Promise<boolean> {
  const [version] = await rawRows(client, "SHOW server_version_num");
  return Number(version?.[0]) < 150_000;
}

/** The table, or those of its partitions, as published, and what it is put back with. */
const membersSql = (rest: string): string => `
  SELECT prrelid::regclass::text, ${rest}
  FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid
  WHERE pubname = $1 AND (prrelid = $2::regclass OR prrelid IN (SELECT relid FROM pg_partition_tree($2::regclass)))
  ORDER BY 1`;

const COLUMNS_AND_FILTER = `
         coalesce((SELECT ' (' || string_agg(quote_ident(attname), ', ' ORDER BY place) || ')'
                   FROM unnest(prattrs) WITH ORDINALITY AS k(num, place)
                   JOIN pg_attribute ON attrelid = prrelid AND attnum = k.num), '')
         || coalesce(' WHERE (' || pg_get_expr(prqual, prrelid) || ')', '')`;

const SCHEMA = `
  SELECT 1 FROM pg_publication_namespace JOIN pg_publication p ON p.oid = pnpubid
  WHERE pubname = $1 AND pnnspid = 'public'::regnamespace`;

/** Runs `write` in a transaction of its own with the table out of the publication. */
export async function behindCapture<T>(client: pg.ClientBase, toggle: Toggle, write: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN; ${toggle.off}`);
  try {
    const result = await write();
    await client.query(`${toggle.on}; COMMIT`);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
