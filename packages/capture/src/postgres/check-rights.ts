/** What the role may do with each table, and how many rows the database believes it has: both beside the catalog. */
import type { Client } from "pg";
import { quoteText } from "./session.ts";

export interface TableRights {
  readonly mayRead: boolean;
  /** The role owns the table, or is a member of the role that does: only then may it be published. */
  readonly owns: boolean;
  /** Rows by the newest ANALYZE; null when there never was one. */
  readonly rows: number | null;
}

export interface Rights {
  readonly role: string;
  /** Keyed by the table's oid. */
  readonly tables: ReadonlyMap<number, TableRights>;
  /** May make a publication, or change the one that is there. */
  readonly mayPublish: boolean;
}

const TABLES_SQL = `
SELECT c.oid::int8::float8 AS oid,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS "mayRead",
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owns,
       CASE WHEN c.relkind = 'p'
            THEN (SELECT sum(l.reltuples) FILTER (WHERE l.reltuples >= 0)::float8
                    FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid
                   WHERE t.isleaf)
            WHEN c.reltuples >= 0 THEN c.reltuples::float8 END AS rows
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')`;

export async function readRights(client: Client, publication: string): Promise<Rights> {
  const name = quoteText(publication);
  const role = await client.query<{ role: string; mayPublish: boolean }>(
    `SELECT current_user AS role,
            coalesce((SELECT pg_catalog.pg_has_role(pubowner, 'USAGE') FROM pg_catalog.pg_publication
                       WHERE pubname = ${name}),
                     pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')) AS "mayPublish"`,
  );
  const { rows } = await client.query<TableRights & { oid: number }>(TABLES_SQL);
  return {
    role: role.rows[0]?.role ?? "?",
    mayPublish: role.rows[0]?.mayPublish === true,
    tables: new Map(rows.map(({ oid, ...rights }) => [oid, rights])),
  };
}
