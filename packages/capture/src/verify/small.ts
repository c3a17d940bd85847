/**
 * Small tables are compared in one snapshot: with each on its own, most of the time would go into waiting for markers. Large
 * ones stay alone, so that no lock outlasts the reading of its own table by much.
 */
import type { TableSchema } from "../source.ts";

const TABLES_MAX = 32;
const ROWS_MAX = 1_000;

/** In the same order; neighbours that are small by the source's estimate are put together. */
export function groupSmall(tables: readonly TableSchema[]): readonly (readonly TableSchema[])[] {
  const groups: TableSchema[][] = [];
  let open: TableSchema[] | undefined;
  for (const table of tables) {
    if (table.estimate > ROWS_MAX) {
      groups.push([table]);
      open = undefined;
    } else if (open === undefined || open.length === TABLES_MAX) {
      open = [table];
      groups.push(open);
    } else open.push(table);
  }
  return groups;
}
