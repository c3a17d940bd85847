/** Reading the hospital's database for facts, whichever it is: one read-only transaction, every value as text. */
import type { TableSchema } from "@anamnesis/capture";
import { nodeError } from "../errors.ts";
import type { Columns } from "./detect.ts";

export type Row = readonly (string | null)[];

export interface FactsReader {
  columns(): Promise<Columns>;
  /**
   * Calls back with each row; `names` are the names of the columns. A query without rows calls back once, with an empty row.
   * @throws AnamnesisError `node/bad-mapping` when the database refuses the query
   */
  rows(what: string, sql: string, take: (row: Row, names: readonly string[]) => void): Promise<void>;
  /** `[key text, patient]` of those rows that are there. `keys` are parsed key texts of a table whose one subject column is no key. */
  patients(table: TableSchema, keys: readonly AskedKey[]): Promise<readonly (readonly [string, string])[]>;
  /** A detected query, which quotes names with `"`, in the database's own way of quoting. */
  dialect(sql: string): string;
  close(): Promise<void>;
}

export interface AskedKey {
  readonly text: string;
  /** One for each key column, none of them NULL. */
  readonly parts: readonly string[];
}

export const refused = (query: string, state: string, cause: unknown) =>
  nodeError("node/bad-mapping", `the query "${query}" of the misuse mapping fails`, { query, sqlstate: state }, cause);

/** Collects the rows of an information_schema query: table, column, type. */
export function columnsFrom(rows: Iterable<Row>): Columns {
  const found = new Map<string, Map<string, string>>();
  for (const [table, column, type] of rows) {
    if (!table || !column) continue;
    found.set(table, (found.get(table) ?? new Map<string, string>()).set(column.toLowerCase(), type ?? ""));
  }
  return found;
}

/** `schema.table`, as captured tables are called. */
export function nameParts(table: string): readonly [schema: string, relation: string] {
  const dot = table.indexOf(".");
  return [table.slice(0, dot), table.slice(dot + 1)];
}
