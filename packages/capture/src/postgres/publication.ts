/**
 * Our publication: what the database sends. Named tables only, never `FOR ALL TABLES`: publishing a table without a
 * usable identity would make the owner's own UPDATE fail.
 */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { type PgTable, qualified } from "./catalog.ts";
import { quoteName, quoteText, sqlState } from "./session.ts";

/** Longest wait for a lock on one of the source's tables; after it the work is given up, not the hospital's. */
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'";

/** `anamnesis_` and the source's name, in letters that need no quoting. */
export const objectName = (source: string): string => `anamnesis_${source.replaceAll("-", "_")}`;

const PUBLISHED_SQL = `
SELECT n.nspname AS schema, c.relname AS relation
  FROM pg_catalog.pg_publication p
  JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE p.pubname = `;

/** Names (`schema.table`) of the published tables; undefined when there is no such publication. */
export async function publishedTables(client: Client, publication: string): Promise<ReadonlySet<string> | undefined> {
  const name = quoteText(publication);
  const exists = await client.query(`SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = ${name}`);
  if (exists.rows.length === 0) return undefined;
  const { rows } = await client.query<{ schema: string; relation: string }>(PUBLISHED_SQL + name);
  return new Set(rows.map((row) => `${row.schema}.${row.relation}`));
}

/**
 * Whether the publication must be told to send stored generated columns. From PostgreSQL 18 a table with identity FULL
 * and an unpublished generated column makes its owner's own UPDATE fail (42P10); older ones neither need nor know it.
 */
export async function mustPublishGenerated(client: Client, publication: string): Promise<"no" | "new" | "missing"> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int AS version",
  );
  if ((rows[0]?.version ?? 0) < 180_000) return "no";
  const found = await client.query<{ sent: boolean }>(
    `SELECT pubgencols = 's' AS sent FROM pg_catalog.pg_publication WHERE pubname = ${quoteText(publication)}`,
  );
  const sent = found.rows[0]?.sent;
  return sent === undefined ? "new" : sent ? "no" : "missing";
}

/** The statements that make the publication hold these tables; empty when it does. */
export function publicationSql(
  publication: string,
  tables: readonly PgTable[],
  published: ReadonlySet<string> | undefined,
  generated: "no" | "new" | "missing",
): readonly string[] {
  const missing = tables.filter((t) => published?.has(t.name) !== true);
  const list = missing.map(qualified).join(", ");
  if (published === undefined) {
    const sent = generated === "new" ? ", publish_generated_columns = stored" : "";
    const options = `publish = 'insert, update, delete, truncate', publish_via_partition_root = true${sent}`;
    return [`CREATE PUBLICATION ${quoteName(publication)} FOR TABLE ${list} WITH (${options})`];
  }
  const alter = `ALTER PUBLICATION ${quoteName(publication)}`;
  const set = generated === "missing" ? [`${alter} SET (publish_generated_columns = stored)`] : [];
  return missing.length === 0 ? set : [...set, `${alter} ADD TABLE ${list}`];
}

/**
 * The statement that takes published tables out which have lost their identity since, for the server refuses their
 * owner's UPDATE and DELETE for as long as they are published. Undefined when there is none.
 */
export function withdrawalSql(
  publication: string,
  tables: readonly PgTable[],
  published: ReadonlySet<string> | undefined,
): string | undefined {
  const broken = tables.filter((t) => t.identity === "nothing" && published?.has(t.name) === true);
  if (broken.length === 0) return undefined;
  return `ALTER PUBLICATION ${quoteName(publication)} DROP TABLE ${broken.map(qualified).join(", ")}`;
}

/**
 * Makes the publication hold those of the tables that have an identity, and no other of them. Takes SHARE UPDATE
 * EXCLUSIVE on each table that is added or taken out: reads and writes go on. @throws AnamnesisError `capture/no-publication-right`; its message holds the SQL to run as the tables' owner. `capture/table-held`: another
 * session holds a lock on one of them.
 */
export async function ensurePublication(
  client: Client,
  publication: string,
  tables: readonly PgTable[],
): Promise<void> {
  const published = await publishedTables(client, publication);
  const withdrawal = withdrawalSql(publication, tables, published);
  // First and on its own: whatever becomes of the rest, nobody's UPDATE stays refused because of us.
  if (withdrawal !== undefined) await change(client, [withdrawal]);
  const usable = tables.filter((t) => t.identity !== "nothing");
  if (usable.length === 0) return;
  const generated = await mustPublishGenerated(client, publication);
  await change(client, publicationSql(publication, usable, published, generated));
}

async function change(client: Client, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  await client.query("BEGIN");
  try {
    await client.query(LOCK_TIMEOUT);
    for (const sql of statements) await client.query(sql);
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => undefined);
    if (sqlState(cause) === "42501") {
      throw captureError(
        "capture/no-publication-right",
        `this role may not change what is published; run as their owner: ${statements.join("; ")}`,
      );
    }
    if (sqlState(cause) === "55P03") {
      throw captureError(
        "capture/table-held",
        "another session holds a table that is to be published: wait for its VACUUM, index or migration to end",
      );
    }
    throw captureError("capture/stream-failed", `the publication could not be made (${sqlState(cause) ?? "?"})`);
  }
}
