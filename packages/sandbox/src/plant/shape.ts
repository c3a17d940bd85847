import type pg from "pg";
import { copyLine, ident, keyText, type Value } from "../text.ts";

/** A table as far as planting needs it. Columns in their order, generated ones left out. */
export interface Shape {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Names of the primary-key columns in key order; empty: no key. */
  readonly key: readonly string[];
}

/** A row as raw text output, in the order of `Shape.columns`. */
export type Row = readonly Value[];

/** The texts of values depend on these; verification reads under the same ones. */
export const SESSION =
  "SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; " +
  "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET search_path = 'public'";

const RAW = { getTypeParser: () => (value: string) => value };

/** Runs a statement and gives each row as PostgreSQL wrote it, nothing parsed. */
export async function rawRows(client: pg.ClientBase, text: string, values: readonly Value[] = []): Promise<Row[]> {
  const result = await client.query({ text, values: [...values], rowMode: "array", types: RAW });
  return result.rows;
}

export async function readShape(client: pg.ClientBase, name: string): Promise<Shape> {
  const columns = await rawRows(
    client,
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute " +
      "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
    [`public.${name}`],
  );
  const key = await rawRows(
    client,
    "SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY AS k(num, place) JOIN pg_attribute ON attnum = k.num " +
      "WHERE indrelid = $1::regclass AND attrelid = indrelid AND indisprimary ORDER BY place",
    [`public.${name}`],
  );
  return {
    name,
    columns: columns.map(([column, type]) => ({ name: column ?? "", type: type ?? "text" })),
    key: key.map(([column]) => column ?? ""),
  };
}

export function valueOf(shape: Shape, row: Row, column: string): Value {
  return row[shape.columns.findIndex((each) => each.name === column)] ?? null;
}

/** How findings name this row. */
export function rowKey(shape: Shape, row: Row): string {
  return shape.key.length === 0 ? copyLine(row) : keyText(shape.key.map((column) => valueOf(shape, row, column) ?? ""));
}

export function columnList(shape: Shape): string {
  return shape.columns.map((column) => ident(column.name)).join(", ");
}

/** A WHERE that means exactly this row; of equal rows in a table without a key, exactly one. Parameters count from `$1`. */
export function thisRow(shape: Shape, row: Row): { readonly where: string; readonly values: readonly Value[] } {
  const columns = shape.columns.map((column, i) => ({ ...column, value: row[i] ?? null }));
  if (shape.key.length > 0) {
    const used = shape.key.flatMap((name) => columns.filter((column) => column.name === name));
    const where = used.map((column, i) => `${ident(column.name)} = $${i + 1}::${column.type}`).join(" AND ");
    return { where, values: used.map((column) => column.value) };
  }
  const same = columns.map((column, i) => `${ident(column.name)} IS NOT DISTINCT FROM $${i + 1}::${column.type}`);
  const where = `ctid = (SELECT ctid FROM ${ident(shape.name)} WHERE ${same.join(" AND ")} LIMIT 1)`;
  return { where, values: columns.map((column) => column.value) };
}

export function typeOf(shape: Shape, column: string): string {
  return shape.columns.find((each) => each.name === column)?.type ?? "text";
}
