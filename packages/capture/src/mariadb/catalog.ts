/** What the database says about itself: tables, columns, keys, foreign keys, engines. */
import type { Handles, Primitives } from "@anamnesis/crypto";
import type { Connection } from "mysql2";
import { schemaFingerprint } from "../digests/rule.ts";
import { keyTagOf } from "../postgres/canonical.ts";
import { matches } from "../postgres/catalog.ts";
import type { ColumnSchema, TableSchema } from "../source.ts";
import { mapSubjects, type SubjectConfig, type SubjectMapping, type SubjectTable } from "../subjects.ts";
import { quoteName, quoteText } from "./connect.ts";
import { acts, type ForeignKey, readForeignKeys, singleReferences } from "./references.ts";
import { readTexts } from "./result.ts";
import { canonicalType, type Form, selectExpression } from "./types.ts";

export interface MariaColumn extends ColumnSchema {
  readonly form: Form;
}

/** Why a table cannot be captured. */
export type Refusal =
  | { readonly why: "engine"; readonly engine: string }
  | { readonly why: "versioned" }
  | { readonly why: "type"; readonly column: string; readonly type: string };

/** A table with what only MariaDB knows of it. */
export interface MariaTable extends TableSchema {
  readonly database: string;
  readonly relation: string;
  readonly columns: readonly MariaColumn[];
  readonly subjectsBecause: SubjectMapping["because"];
  /** Names of generated columns: no part of the row bytes, though the log may carry them. */
  readonly generated: readonly string[];
  /** Foreign keys by which rows of this table go or change with those they refer to. */
  readonly actingKeys: readonly ForeignKey[];
  readonly refusal: Refusal | undefined;
}

export interface CatalogOptions {
  readonly handles: Handles;
  readonly primitives: Primitives;
  /** Patterns over `database.table`; a table is taken when one of `include` and none of `exclude` matches. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly subjects?: SubjectConfig;
}

const SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/** `database` undefined = all but the server's own. Sorted by name. */
export async function readMariaTables(
  connection: Connection,
  options: CatalogOptions,
  database: string | undefined,
): Promise<readonly MariaTable[]> {
  const where = (column: string): string =>
    database === undefined ? `${column} NOT IN ${SYSTEM}` : `${column} = ${quoteText(database)}`;
  const tables = await readTexts(
    connection,
    `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS FROM information_schema.TABLES
      WHERE ${where("TABLE_SCHEMA")} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
        AND COALESCE(TEMPORARY, 'N') <> 'Y' ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  const columns = await readColumns(connection, where("TABLE_SCHEMA"));
  const keys = await readKeys(connection, where("s.TABLE_SCHEMA"));
  const references = await readForeignKeys(connection, where("k.TABLE_SCHEMA"));
  const drafts = tables
    .map(([schema, table, type, engine, rows]) => ({
      name: `${schema}.${table}`,
      database: schema ?? "",
      relation: table ?? "",
      versioned: type === "SYSTEM VERSIONED",
      engine: engine ?? "",
      estimate: Number(rows ?? 0),
    }))
    .filter((t) => isWanted(t.name, options))
    .map((t) => draft(t, columns.get(t.name) ?? [], keys.get(t.name) ?? [], references.get(t.name) ?? [], options));
  const { mapping } = mapSubjects(
    drafts.map((d) => d.subject),
    options.subjects,
  );
  return drafts.map(({ table }) => {
    const subjects = mapping.get(table.name);
    return { ...table, subjectColumns: subjects?.columns ?? [], subjectsBecause: subjects?.because ?? "nobody" };
  });
}

/** Whether a table still has the columns and the key that `table` says. */
export async function sameShape(connection: Connection, table: MariaTable): Promise<boolean> {
  const where = (alias: string): string =>
    `${alias}TABLE_SCHEMA = ${quoteText(table.database)} AND ${alias}TABLE_NAME = ${quoteText(table.relation)}`;
  const columns = (await readColumns(connection, where(""))).get(table.name) ?? [];
  const stored = columns.filter((c) => !c.generated);
  const key = (await readKeys(connection, where("s."))).get(table.name) ?? [];
  return (
    stored.length === table.columns.length &&
    stored.every(
      (c, i) => c.name === table.columns[i]?.name && (c.canonical?.type ?? "unknown") === table.columns[i]?.type,
    ) &&
    columns.filter((c) => c.generated).every((c, i) => c.name === table.generated[i]) &&
    (key.join("\0") === table.keyColumns.map((i) => table.columns[i]?.name).join("\0") || table.keyColumns.length === 0)
  );
}

/** The row bytes' columns of all rows. */
export function selectMaria(table: MariaTable): string {
  const columns = table.columns.map((c) => selectExpression(quoteName(c.name), c.type)).join(", ");
  return `SELECT ${columns} FROM ${qualifiedMaria(table)}`;
}

export const qualifiedMaria = (t: { readonly database: string; readonly relation: string }): string =>
  `${quoteName(t.database)}.${quoteName(t.relation)}`;

/** `database.table` as SQL. */
export function quotedName(name: string): string {
  const dot = name.indexOf(".");
  return qualifiedMaria({ database: name.slice(0, dot), relation: name.slice(dot + 1) });
}

/** Character sets by the id of their collations, as the log names them. */
export async function readCharsets(connection: Connection): Promise<ReadonlyMap<number, string>> {
  const rows = await readTexts(
    connection,
    "SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY",
  ).catch(() => readTexts(connection, "SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS"));
  return new Map(
    rows.flatMap(([id, name]) => (id === null || name === null ? [] : [[Number(id), name ?? ""] as const])),
  );
}

interface Described {
  readonly name: string;
  readonly database: string;
  readonly relation: string;
  readonly versioned: boolean;
  readonly engine: string;
  readonly estimate: number;
}

interface RawColumn {
  readonly name: string;
  readonly dataType: string;
  readonly generated: boolean;
  readonly canonical: ReturnType<typeof canonicalType>;
}

/** Whether the patterns take the table in. */
export const isWanted = (name: string, { include = ["*"], exclude = [] }: CatalogOptions): boolean =>
  include.some((p) => matches(p, name)) && !exclude.some((p) => matches(p, name));

function draft(
  t: Described,
  all: readonly RawColumn[],
  key: readonly string[],
  foreignKeys: readonly ForeignKey[],
  { handles, primitives }: CatalogOptions,
): { readonly table: Omit<MariaTable, "subjectsBecause">; readonly subject: SubjectTable } {
  const stored = all.filter((c) => !c.generated);
  const strange = stored.find((c) => c.canonical === undefined);
  const columns: MariaColumn[] = stored.map((c) => ({
    name: c.name,
    type: c.canonical?.type ?? "unknown",
    form: c.canonical?.form ?? "text",
    modifier: -1,
    large: false,
  }));
  const places = key.map((name) => columns.findIndex((c) => c.name === name));
  const keyColumns = places.every((i) => i >= 0) ? places : [];
  const refusal = refusalOf(t, strange);
  const table = {
    ...{ name: t.name, database: t.database, relation: t.relation, estimate: t.estimate },
    ...{ columns, keyColumns, ...keyTagOf(columns, keyColumns), subjectColumns: [], refusal },
    handle: handles.table(t.name),
    schemaId: schemaFingerprint(primitives, columns),
    identity: refusal === undefined ? ("full" as const) : ("nothing" as const),
    generated: all.filter((c) => c.generated).map((c) => c.name),
    actingKeys: foreignKeys.filter(acts),
  };
  return {
    table,
    subject: {
      name: t.name,
      columns: columns.map((c) => c.name),
      keyColumns,
      references: singleReferences(foreignKeys),
    },
  };
}

function refusalOf(t: Described, strange: RawColumn | undefined): Refusal | undefined {
  if (t.engine !== "InnoDB") return { why: "engine", engine: t.engine };
  if (t.versioned) return { why: "versioned" };
  return strange === undefined ? undefined : { why: "type", column: strange.name, type: strange.dataType };
}

async function readColumns(connection: Connection, where: string): Promise<Map<string, RawColumn[]>> {
  const rows = await readTexts(
    connection,
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, NUMERIC_SCALE,
            DATETIME_PRECISION, CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, IS_GENERATED
       FROM information_schema.COLUMNS WHERE ${where} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
  );
  const number = (text: string | null | undefined): number | null =>
    text === null || text === undefined ? null : Number(text);
  const columns = new Map<string, RawColumn[]>();
  for (const [table, name, dataType, columnType, charset, scale, fraction, octets, precision, generated] of rows) {
    const canonical = canonicalType({
      ...{ dataType: dataType ?? "", columnType: columnType ?? "", charset: charset ?? null },
      ...{ scale: number(scale), fraction: number(fraction), octets: number(octets), precision: number(precision) },
    });
    const raw = { name: name ?? "", dataType: dataType ?? "", generated: generated === "ALWAYS", canonical };
    columns.set(table ?? "", [...(columns.get(table ?? "") ?? []), raw]);
  }
  return columns;
}

/** The primary key; else the first unique index without nullable columns or prefixes: that one names rows as well. */
async function readKeys(connection: Connection, where: string): Promise<Map<string, readonly string[]>> {
  const rows = await readTexts(
    connection,
    `SELECT CONCAT(s.TABLE_SCHEMA, '.', s.TABLE_NAME), s.INDEX_NAME, s.COLUMN_NAME, s.SUB_PART IS NULL AND s.NULLABLE = ''
       FROM information_schema.STATISTICS s
      WHERE ${where} AND s.NON_UNIQUE = 0 AND s.INDEX_TYPE = 'BTREE'
      ORDER BY 1, s.INDEX_NAME <> 'PRIMARY', s.INDEX_NAME, s.SEQ_IN_INDEX`,
  );
  const indices = new Map<string, { columns: string[]; usable: boolean }>();
  for (const [table, index, column, whole] of rows) {
    const id = `${table}\0${index}`;
    const known = indices.get(id) ?? { columns: [], usable: true };
    known.columns.push(column ?? "");
    // A prefix of a text names its rows within a primary key only by chance.
    if (whole !== "1") known.usable = false;
    indices.set(id, known);
  }
  const keys = new Map<string, readonly string[]>();
  for (const [id, { columns, usable }] of indices) {
    const table = id.split("\0")[0] ?? "";
    if (usable && !keys.has(table)) keys.set(table, columns);
  }
  return keys;
}
