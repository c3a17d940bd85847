/** What the database says about itself: tables, columns, keys, replica identity, publication. */

import type { Handles, Primitives } from "@anamnesis/crypto";
import type { Client } from "pg";
import { rulesOf } from "../digests/rule.ts";
import type { Identity, TableSchema } from "../source.ts";
import { mapSubjects, type Reference, type SubjectConfig, type SubjectMapping } from "../subjects.ts";
import { keyTagOf } from "./canonical.ts";
import { CATALOG_SQL, LEAVES_SQL, TABLE_SQL, UNLOGGED_SQL } from "./catalog-sql.ts";
import { quoteName } from "./session.ts";

/** A table with what only PostgreSQL knows of it. */
export interface PgTable extends TableSchema {
  readonly oid: number;
  readonly schema: string;
  readonly relation: string;
  readonly partitioned: boolean;
  /** Its writes are not in the source's log: nothing can capture them. */
  readonly unlogged: boolean;
  readonly subjectsBecause: SubjectMapping["because"];
  /** Names of stored generated columns: no part of the row bytes, though the stream may carry them. */
  readonly generated: readonly string[];
  /** Qualified names of the tables whose replica identity decides (the partitions, or the table itself). */
  readonly carriers: readonly Carrier[];
}

/**
 * A table that holds rows: the table itself, or a partition. `identity` as in `pg_class.relreplident`, but `n` where the
 * server would refuse the owner's UPDATE. `virtual`: it has a virtual generated column, so FULL is not for it.
 */
export interface Carrier {
  readonly schema: string;
  readonly relation: string;
  readonly identity: string;
  readonly virtual: boolean;
}

export interface CatalogOptions {
  readonly handles: Handles;
  readonly primitives: Primitives;
  /** Patterns such as `public.*`; a table is taken when one of `include` and none of `exclude` matches its name. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly subjects?: SubjectConfig;
}

interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly modifier: number;
  readonly large: boolean;
  readonly number: number;
  readonly cast: string;
  readonly labels: readonly (readonly [id: number, label: string])[] | null;
}

interface Row {
  readonly oid: number;
  readonly schema: string;
  readonly relation: string;
  readonly kind: string;
  readonly unlogged: boolean;
  readonly identity: string;
  readonly virtual: boolean;
  readonly estimate: number;
  readonly columns: readonly CatalogColumn[];
  readonly generated: readonly string[];
  /** Attribute numbers of the identity index if there is one, else of the primary key, in key order. */
  readonly key: readonly number[] | null;
  readonly refs: readonly { column: string; schema: string; relation: string; target: string }[] | null;
}

/**
 * All ordinary and partitioned tables that match; partitions count as their root. Sorted by name. Unlogged ones only
 * when asked for; their identity is `nothing`.
 */
export async function readTables(
  client: Client,
  options: CatalogOptions,
  { unlogged = false } = {},
): Promise<readonly PgTable[]> {
  const { rows } = await client.query<Row>(CATALOG_SQL);
  const wanted = rows.filter(
    (row) => (unlogged || !row.unlogged) && isWanted(`${row.schema}.${row.relation}`, options),
  );
  const leaves = await readLeaves(client);
  const drafts = wanted.map((row) => draft(row, leaves.get(row.oid), options));
  const { mapping } = mapSubjects(
    drafts.map(({ table, references }) => ({
      name: table.name,
      columns: table.columns.map((c) => c.name),
      keyColumns: table.keyColumns,
      references,
    })),
    options.subjects,
  );
  return drafts.map(({ table }) => {
    const subjects = mapping.get(table.name);
    return { ...table, subjectColumns: subjects?.columns ?? [], subjectsBecause: subjects?.because ?? "nobody" };
  });
}

/** Names of the tables and partitions that match and whose writes are not in the source's log. Sorted. */
export async function readUnlogged(client: Client, options: CatalogOptions): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; root: string }>(UNLOGGED_SQL);
  return rows.filter((row) => isWanted(row.root, options)).map((row) => row.name);
}

/** The shape of a table as the transaction sees it now, to be held against `shapeOf`; undefined when it is gone. */
export async function readShape(client: Client, oid: number): Promise<string | undefined> {
  const { rows } = await client.query<Row>(TABLE_SQL, [oid]);
  const row = rows[0];
  return row === undefined ? undefined : shapeOf({ ...row, name: `${row.schema}.${row.relation}`, ...columnsOf(row) });
}

/** What the reading of rows rests on: name, columns, key. */
export const shapeOf = (t: Pick<PgTable, "name" | "columns" | "keyColumns" | "generated">): string =>
  JSON.stringify([t.name, t.columns, t.keyColumns, t.generated]);

/** The pattern language of `--tables` and `--exclude`: `*` stands for any characters, everything else for itself. */
export function matches(pattern: string, name: string): boolean {
  const literal = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "u").test(name);
}

/** `SELECT` of the row bytes' columns; without the rows of tables that inherit from it. */
export function selectRows(table: PgTable): string {
  const columns = table.columns.map((c) => quoteName(c.name)).join(", ");
  return `SELECT ${columns} FROM ${table.partitioned ? "" : "ONLY "}${qualified(table)}`;
}

export const qualified = (table: { readonly schema: string; readonly relation: string }): string =>
  `${quoteName(table.schema)}.${quoteName(table.relation)}`;

/** Whether a table of that name (`schema.table`) is to be captured. */
export function isWanted(name: string, { include = ["*"], exclude = [] }: CatalogOptions): boolean {
  return include.some((p) => matches(p, name)) && !exclude.some((p) => matches(p, name));
}

async function readLeaves(client: Client): Promise<ReadonlyMap<number, readonly Carrier[]>> {
  const { rows } = await client.query<Carrier & { root: number }>(LEAVES_SQL);
  const leaves = new Map<number, Carrier[]>();
  for (const { root, schema, relation, identity, virtual } of rows) {
    const list = leaves.get(root) ?? [];
    list.push({ schema, relation, identity, virtual });
    leaves.set(root, list);
  }
  return leaves;
}

function draft(row: Row, leaves: readonly Carrier[] | undefined, options: CatalogOptions) {
  const { handles, primitives } = options;
  const name = `${row.schema}.${row.relation}`;
  const { schema, relation, identity, virtual } = row;
  const carriers = leaves ?? [{ schema, relation, identity, virtual }];
  const { columns, keyColumns } = columnsOf(row);
  const tableIdentity = row.unlogged ? "nothing" : identityOf(carriers, keyColumns.length > 0);
  const table: Omit<PgTable, "subjectsBecause"> = {
    name,
    id: String(row.oid),
    handle: handles.table(name),
    ...rulesOf(primitives, columns, tableIdentity),
    columns,
    keyColumns,
    ...keyTagOf(columns, keyColumns),
    subjectColumns: [],
    identity: tableIdentity,
    estimate: row.estimate,
    oid: row.oid,
    schema: row.schema,
    relation: row.relation,
    partitioned: row.kind === "p",
    unlogged: row.unlogged,
    generated: row.generated,
    carriers,
  };
  const references: Reference[] = (row.refs ?? []).map((r) => ({
    column: r.column,
    table: `${r.schema}.${r.relation}`,
    target: r.target,
  }));
  return { table, references };
}

function columnsOf(row: Row): Pick<PgTable, "columns" | "keyColumns"> {
  const columns = row.columns.map(({ number, labels, ...column }) => ({
    ...column,
    id: number,
    ...(labels === null ? {} : { labels }),
  }));
  const keyColumns = (row.key ?? []).map((number) => row.columns.findIndex((c) => c.number === number));
  return { columns, keyColumns: keyColumns.every((index) => index >= 0) ? keyColumns : [] };
}

/** The weakest identity among the tables that hold the rows. */
function identityOf(carriers: readonly Carrier[], keyed: boolean): Identity {
  if (carriers.every((c) => c.identity === "f")) return "full";
  const named = carriers.every((c) => c.identity === "f" || c.identity === "i" || c.identity === "d");
  return keyed && named ? "key" : "nothing";
}
