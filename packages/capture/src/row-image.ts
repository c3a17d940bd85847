/** Rows as the source sends them. */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import { unescapeField } from "./postgres/canonical.ts";
import { Tuple } from "./postgres/tuple.ts";
import type { RowImage, TableSchema } from "./source.ts";

/** A row image as most sources make it. */
export type Values = readonly (Bytes | null | undefined)[];

/** All values of an image, which may give them out only as they are asked for. */
export const valuesOf = (image: RowImage): Values => Array.from({ length: image.length }, (_, i) => image.at(i));

/** Whether the column was sent. */
export const isSent = (columns: RowImage, index: number): boolean =>
  columns instanceof Tuple ? columns.has(index) : columns.at(index) !== undefined;

/** Whether every column was sent. */
export function isComplete(columns: RowImage): boolean {
  for (let i = 0; i < columns.length; i++) if (!isSent(columns, i)) return false;
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
