/** Where columns and keys that the stream names are in what the catalog says. */
import type { ColumnSchema, RowKey } from "../source.ts";
import { keyTagOf } from "./canonical.ts";
import type { PgTable } from "./catalog.ts";

/** With the numbers of the catalog, where it has every one of them still: then others were added since, or put elsewhere. */
export function numbered(sent: readonly ColumnSchema[], known: PgTable): readonly ColumnSchema[] {
  const found = sent.flatMap(
    (c) => known.columns.find((k) => k.name === c.name && k.type === c.type && k.modifier === c.modifier) ?? [],
  );
  return found.length === sent.length ? found : sent;
}

/**
 * Where a column of the known table is among those that are sent. One that was renamed is the only one left of its type,
 * among those that bear no known name; -1 when that does not tell.
 */
export function placeOf(known: PgTable, index: number, sent: readonly ColumnSchema[]): number {
  const column = known.columns[index];
  const same = sent.findIndex((c) => c.name === column?.name);
  if (same >= 0 || column === undefined) return same;
  const names = new Set(known.columns.map((c) => c.name));
  const left = sent.filter((c) => !names.has(c.name) && c.type === column.type && c.modifier === column.modifier);
  return left.length === 1 ? sent.findIndex((c) => c === left[0]) : -1;
}

/** The names of a key's columns, in its order. */
export interface KnownKey extends Pick<RowKey, "keyTag"> {
  readonly names: readonly string[];
}

/** A key that the catalog never had, or not while anybody looked. */
export function keyOf({ columns }: PgTable, names: readonly string[]): KnownKey {
  const places = names.map((name) => columns.findIndex((c) => c.name === name));
  return { names, ...(places.includes(-1) ? { keyTag: JSON.stringify(names) } : keyTagOf(columns, places)) };
}

export const columnPlace = (table: number, name: string): string => `${table} ${name}`;

/** A key of a table, whatever the order of its columns. */
export const keyPlace = (table: number, names: readonly string[]): string =>
  JSON.stringify([table, ...names.toSorted()]);
