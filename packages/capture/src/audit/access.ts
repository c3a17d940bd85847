/** What somebody read: a row, the rows of a patient in a table, or the table. */
import type { TableSchema } from "../source.ts";
import { keyText } from "./key-text.ts";
import { type Pin, VALUES_MAX } from "./pins.ts";

export type Extent =
  /** Nothing narrower can be said. */
  | { readonly kind: "table" }
  /** One row: the texts of its key columns. */
  | { readonly kind: "row"; readonly key: readonly string[] }
  /** The rows of one patient: the column that names the patient, and its text. */
  | { readonly kind: "patient"; readonly column: string; readonly value: string };

const TABLE: readonly Extent[] = [{ kind: "table" }];

/** The rows of a table that pins on its columns leave: by key if they hold all of it, else by patient. */
export function extents(table: TableSchema, pins: readonly Pin[]): readonly Extent[] {
  if (pins.length === 0) return TABLE;
  const keys = table.keyColumns.map((column) => pinned(table, column, pins));
  if (keys.length > 0 && keys.every((values) => values !== undefined)) {
    const rows = combine(keys);
    if (rows !== undefined) return rows.map((key) => ({ kind: "row", key }));
  }
  for (const index of table.subjectColumns) {
    const values = pinned(table, index, pins);
    const column = table.columns[index]?.name;
    if (values === undefined || column === undefined || values.length > VALUES_MAX) continue;
    return values.map((value) => ({ kind: "patient", column, value }));
  }
  return TABLE;
}

/** The texts that a column is held to, each once. */
function pinned(table: TableSchema, index: number, pins: readonly Pin[]): readonly string[] | undefined {
  const column = table.columns[index];
  if (column === undefined) return undefined;
  for (const pin of pins) {
    if (pin.column !== column.name) continue;
    const texts = pin.values.map((value) => keyText(column.type, column.modifier, value));
    const known = texts.filter((t) => t !== undefined);
    if (known.length === texts.length) return [...new Set(known)];
  }
  return undefined;
}

function combine(keys: readonly (readonly string[])[]): readonly (readonly string[])[] | undefined {
  let rows: (readonly string[])[] = [[]];
  for (const values of keys) {
    if (rows.length * values.length > VALUES_MAX) return undefined;
    rows = rows.flatMap((row) => values.map((value) => [...row, value]));
  }
  return rows;
}
