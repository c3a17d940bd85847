/** What the catalog tells about files: asked while the server still runs, used when it does not. */
import type pg from "pg";
import { rawRows } from "../plant/shape.ts";
import type { StoredColumn } from "./tuple.ts";

export interface StoredTable {
  /** Below the data folder. */
  readonly path: string;
  readonly columns: readonly StoredColumn[];
  /** The table that holds its long values; `undefined` when it has none. */
  readonly outOfLine: string | undefined;
}

const COLUMNS = `
  SELECT attname, format_type(atttypid, NULL), attlen,
         CASE attalign WHEN 'c' THEN 1 WHEN 's' THEN 2 WHEN 'i' THEN 4 ELSE 8 END
  FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`;

const FILE = `
  SELECT pg_relation_filepath(oid), CASE WHEN reltoastrelid <> 0 THEN reltoastrelid::regclass::text END
  FROM pg_class WHERE oid = $1::regclass`;

/** `name` as `regclass` prints it: a table or one of its partitions. */
export async function storedTable(client: pg.ClientBase, name: string): Promise<StoredTable> {
  const columns = await rawRows(client, COLUMNS, [name]);
  const [file] = await rawRows(client, FILE, [name]);
  return {
    path: file?.[0] ?? "",
    outOfLine: file?.[1] ?? undefined,
    columns: columns.map(([column, type, length, align]) => ({
      name: column ?? "",
      type: type ?? "",
      length: Number(length),
      align: Number(align),
    })),
  };
}

/** A row's place as `ctid` prints it: `(block,item)`. */
export function parsePlace(text: string): { readonly block: number; readonly item: number } {
  const [, block, item] = /^\((\d+),(\d+)\)$/.exec(text) ?? [];
  return { block: Number(block), item: Number(item) };
}
