/** Rows as the source sends them. */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import { unescapeField } from "./postgres/canonical.ts";
import type { RowImage, TableSchema } from "./source.ts";

/** Whether every column was sent. */
export function isComplete(columns: RowImage): columns is readonly (Bytes | null)[] {
  for (let i = 0; i < columns.length; i++) if (columns[i] === undefined) return false;
  return true;
}

/** Whether two values of a column are the same, as far as they were sent. */
export function same(a: Bytes | null | undefined, b: Bytes | null | undefined): boolean {
  if (a === undefined || b === undefined || a === null || b === null)
    return a === b || a === undefined || b === undefined;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** 0, 1, 2, … for lists that hold nothing but the key. */
export const IDENTITY: readonly (readonly number[])[] = Array.from({ length: 33 }, (_, n) =>
  Array.from({ length: n }, (_, i) => i),
);

/** The key columns' values from the escaped fields of row bytes. */
export const keyFields = (fields: readonly Uint8Array[], table: TableSchema) =>
  table.keyColumns.map((index) => {
    const field = fields[index];
    return field === undefined ? null : unescapeField(field);
  });

/** A complete row in COPY form. */
export interface VouchedRow {
  readonly table: TableSchema;
  readonly handle: Uint8Array;
  readonly sealer: RowSealer | "erased";
  readonly row: Bytes;
  readonly name?: string;
}
