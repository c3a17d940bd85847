/** One column per type: what `pg_type` has, and what a hospital can make of it. */
import type { Client } from "pg";
import { expression, samplesOf } from "./samples.ts";

export interface TypeCase {
  readonly name: string;
  readonly type: string;
  /** SQL expressions. None: the column stays NULL. */
  readonly values: readonly string[];
}

interface TypeRow {
  readonly schema: string;
  readonly name: string;
  readonly element: string | null;
}

/**
 * Every type of the system that a column may have. Not: pseudo-types, which it may not, and the row types of the
 * system's own tables with their arrays, for they are composites of the types here, and composites are among `MADE`.
 */
const TYPES_SQL = `
SELECT n.nspname AS schema, t.typname AS name, CASE WHEN e.typarray = t.oid THEN e.typname END AS element
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
 WHERE n.nspname IN ('pg_catalog', 'information_schema') AND t.typtype IN ('b', 'd', 'e', 'r', 'm')
   AND coalesce(e.typtype, 'b') NOT IN ('c', 'p')
 ORDER BY n.nspname, t.typname`;

/** Run before the table is made: what the types below need. */
export const PREPARE: readonly string[] = [
  "CREATE SCHEMA ward",
  "CREATE TABLE ward.measured AS SELECT i % 7 AS a, i % 7 AS b, i % 5 AS c FROM generate_series(1, 500) i",
  "CREATE STATISTICS ward.one ON a, b FROM ward.measured",
  "CREATE STATISTICS ward.two ON a, b, c FROM ward.measured",
  "ANALYZE ward.measured",
  "CREATE TABLE ward.defaults (a int DEFAULT 1, b text DEFAULT 'x')",
  `CREATE TYPE ward."Ampel" AS ENUM ('grün', 'it''s "q"', 'a,b', ' ')`,
  "CREATE TYPE ward.pair AS (left_side text, n numeric, at timestamptz)",
  'CREATE TYPE ward.nested AS (p ward.pair, list ward.pair[], e ward."Ampel")',
  "CREATE DOMAIN ward.short AS text CHECK (length(VALUE) < 9)",
  "CREATE DOMAIN ward.numbers AS int[]",
  "CREATE DOMAIN ward.pairs AS ward.pair",
  "CREATE TYPE ward.floats AS RANGE (subtype = float8, multirange_type_name = ward.many_floats)",
];

const PAIR = `ROW('a,"b"\\', 1.50, '2024-03-31 02:30+05:45')::ward.pair`;
const PAIR_2 = `ROW('a,"b"\\', 1.5, '2024-03-31 02:30+05:45')::ward.pair`;

/** Types with modifiers, and types that somebody made. */
const MADE: readonly (readonly [type: string, ...values: string[]])[] = [
  ["bit(5)", "B'10101'", "B'10100'"],
  ["varbit(7)", "B'101'", "B''"],
  ["char(5)", "'a'", "'b'", "''", "'abcde'"],
  ["varchar(3)", "'a'", "'a '", "''"],
  ["numeric(10,2)", "1.5", "1.51", "'NaN'"],
  ["numeric(6,0)", "999999", "999998"],
  ["timestamp(0)", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:01'"],
  ["timestamptz(3)", "'2024-01-01 00:00:00.123+03'", "'2024-01-01 00:00:00.124+03'"],
  ["time(2)", "'12:00:00.12'", "'12:00:00.13'"],
  ["timetz(1)", "'12:00:00.1+05:30'", "'12:00:00.2+05:30'"],
  ["interval(0)", "'1 day 00:00:01'", "'1 day 00:00:02'"],
  ["interval year to month", "'1 year 2 mons'", "'1 year 3 mons'"],
  ["interval day to second(3)", "'1 day 00:00:01.123'", "'1 day 00:00:01.124'"],
  ['ward."Ampel"', "'grün'", "'it''s \"q\"'", "'a,b'", "' '"],
  ['ward."Ampel"[]', "'{grün,\"a,b\"}'", "'{grün,\" \"}'", "'{}'", "'{NULL}'"],
  ["ward.pair", PAIR, PAIR_2, "ROW(NULL, NULL, NULL)", "ROW('', NULL, 'infinity')"],
  ["ward.pair[]", `ARRAY[${PAIR}, NULL]`, `ARRAY[${PAIR_2}, NULL]`, "'{}'"],
  [
    "ward.nested",
    `ROW(${PAIR}, ARRAY[${PAIR}], 'grün')`,
    `ROW(${PAIR_2}, ARRAY[${PAIR}], 'grün')`,
    "ROW(NULL, NULL, NULL)",
  ],
  ["ward.short", "'a'", "'b'", "''", "E'\\\\'"],
  ["ward.short[]", "ARRAY['a', NULL]", "ARRAY['b', NULL]"],
  ["ward.numbers", "'{1,2}'", "'[0:1]={1,2}'", "'{}'"],
  ["ward.pairs", PAIR, PAIR_2],
  ["ward.floats", "'[0.1,0.30000000000000004)'", "'[0.1,0.3)'", "'empty'"],
  ["ward.many_floats", "'{[0.1,0.2)}'", "'{[0.1,0.3)}'", "'{}'"],
  ["int[][]", "'{{1,2},{3,4}}'", "'[0:1][-1:0]={{1,2},{3,4}}'", "'{{NULL}}'"],
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** @throws Error naming a type that has no samples. */
export async function typeCases(client: Client, version: number): Promise<readonly TypeCase[]> {
  const { rows } = await client.query<TypeRow>(TYPES_SQL);
  const own = new Map(rows.filter((row) => row.element === null).map((row) => [row.name, row]));
  const system = rows.map((row) => systemCase(row, own, version));
  const made = MADE.map(([type, ...values]) => ({
    name: type,
    type,
    values: values.map((v) => cast(v, type)),
  }));
  return [...system, ...made, everyType([...own.values()], version)];
}

function systemCase(row: TypeRow, own: ReadonlyMap<string, TypeRow>, version: number): TypeCase {
  const type = `${row.schema}.${quoted(row.name)}`;
  const samples = samplesOf(row.element ?? row.name, version);
  if (samples === undefined)
    throw new Error(`the type ${row.name} has no samples: add some, or say why there are none`);
  const element = row.element === null ? undefined : own.get(row.element);
  if (element === undefined) return { name: row.name, type, values: samples.map((s) => expression(s, type)) };
  const values = samples.map((s) => expression(s, `${element.schema}.${quoted(element.name)}`));
  return { name: row.name, type, values: arrays(values, type) };
}

/** Flat, with NULL, empty, of two dimensions, with bounds of its own. */
function arrays(values: readonly string[], type: string): readonly string[] {
  const [a, b] = values;
  if (a === undefined || b === undefined) return [`'{}'::${type}`, `'{NULL}'::${type}`];
  return [
    ...[
      `ARRAY[${a}, NULL]`,
      `ARRAY[${b}, NULL]`,
      `ARRAY[${values.join(", ")}]`,
      "'{}'",
      `ARRAY[[${a}, ${b}], [${b}, ${a}]]`,
    ],
    `array_fill(${a}, ARRAY[2, 1], ARRAY[0, -1])`,
  ].map((value) => cast(value, type));
}

const cast = (value: string, type: string): string => `${value}::${type}`;

/** A composite with one attribute of every type: all quoting at once. */
function everyType(types: readonly TypeRow[], version: number): TypeCase {
  const known = types.filter((t) => (samplesOf(t.name, version)?.length ?? 0) > 1);
  const row = (which: number): string => {
    const fields = known.map((t) =>
      expression(samplesOf(t.name, version)?.[which] ?? "", `${t.schema}.${quoted(t.name)}`),
    );
    return `ROW(${fields.join(", ")})::ward.every_type`;
  };
  return { name: "every_type", type: "ward.every_type", values: [row(0), row(1)] };
}

/** `CREATE TYPE ward.every_type`, of the same types in the same order. */
export async function everyTypeSql(client: Client, version: number): Promise<string> {
  const { rows } = await client.query<TypeRow>(TYPES_SQL);
  const known = rows.filter((t) => t.element === null && (samplesOf(t.name, version)?.length ?? 0) > 1);
  return `CREATE TYPE ward.every_type AS (${known.map((t, i) => `a${i} ${t.schema}.${quoted(t.name)}`).join(", ")})`;
}
