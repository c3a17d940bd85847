/**
 * The handle of "the rows of this patient in this table", for reads that no key tells (spec/reads.md). It stands where a row's
 * handle does, and is none: where key bytes begin with a line feed, no TAB follows.
 */
import { concat, equal, utf8 } from "@anamnesis/core";
import type { Handles } from "@anamnesis/crypto";
import { RowWriter } from "../postgres/canonical.ts";
import type { TableSchema } from "../source.ts";

const NOT_A_KEY = new Uint8Array([0x0a]);
const writer = new RowWriter();

/** 16 bytes. `column` names the patient, `value` is its text. */
export function patientHandle(handles: Handles, table: Uint8Array, column: string, value: string): Uint8Array {
  return handles.row(table, concat(NOT_A_KEY, writer.key([utf8(column), utf8(value)], { keyColumns: [0, 1] })));
}

/** How such a handle is called in the index. */
export const patientName = (column: string, value: string): string => `${column}=${value}`;

/** The patient of such a handle, if `name` (from the index, which is only a cache) is really its name. */
export function patientOfHandle(
  handles: Handles,
  table: TableSchema,
  row: Uint8Array,
  name: string | undefined,
): string | undefined {
  for (const index of table.subjectColumns) {
    const column = table.columns[index]?.name;
    if (column === undefined || name?.startsWith(`${column}=`) !== true) continue;
    const value = name.slice(column.length + 1);
    if (equal(patientHandle(handles, table.handle, column, value), row)) return value;
  }
  return undefined;
}
