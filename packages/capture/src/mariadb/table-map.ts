/**
 * The description of a table that stands before its rows in the binary log. With `binlog_row_metadata = FULL` it names the
 * columns as they were when the rows were written, so no later ALTER TABLE can lead the decoding astray.
 */
import { captureError } from "../errors.ts";
import { Code, isCharacter, isNumeric, takesMeta } from "./codes.ts";
import { Cursor } from "./cursor.ts";

export interface LoggedTable {
  readonly id: number;
  readonly database: string;
  readonly table: string;
  readonly columns: readonly LoggedColumn[];
  /** False when the server wrote no column names: the setting is missing. */
  readonly named: boolean;
}

export interface LoggedColumn {
  readonly name: string;
  /** What the column really is (ENUM and SET hide behind another code). */
  readonly code: number;
  /** Length, precision or digits, as the code has it. */
  readonly meta: number;
  readonly unsigned: boolean;
  /** Id of the collation; 63 = binary; undefined = no text. */
  readonly collation: number | undefined;
  /** Of ENUM and SET, as stored. */
  readonly labels: readonly Buffer[];
}

interface Draft {
  code: number;
  meta: number;
  name: string;
  unsigned: boolean;
  collation: number | undefined;
  labels: readonly Buffer[];
}

export function parseTableMap(c: Cursor): LoggedTable {
  const id = c.uint(6);
  c.skip(2);
  const database = c.text(c.u8());
  c.skip(1);
  const table = c.text(c.u8());
  c.skip(1);
  const count = c.length();
  const codes = c.take(count);
  const metas = take(c);
  const columns: Draft[] = [...codes].map((code) => draft(code, metas));
  c.skip((count + 7) >> 3);
  let named = false;
  while (c.left > 0) {
    const field = c.u8();
    const body = take(c);
    if (field === 4) named = true;
    readField(field, body, columns);
  }
  return { id, database, table, columns, named };
}

function take(c: Cursor): Cursor {
  const length = c.length();
  const from = c.skip(length);
  return new Cursor(c.buffer, from, from + length);
}

function draft(code: number, metas: Cursor): Draft {
  const bytes = takesMeta(code);
  const base = { name: "", unsigned: false, collation: undefined, labels: [] };
  if (code !== Code.string) return { ...base, code, meta: bytes === 0 ? 0 : metas.uint(bytes) };
  // Two bytes: what it really is, and how long; above 255 bytes the length's upper bits hide in the first.
  const real = metas.u8();
  const low = metas.u8();
  if ((real & 0x30) === 0x30) return { ...base, code: real, meta: low };
  return { ...base, code: real | 0x30, meta: low | (((real & 0x30) ^ 0x30) << 4) };
}

const FIELD_LABELS_SET = 5;
const FIELD_LABELS_ENUM = 6;

function readField(field: number, body: Cursor, columns: readonly Draft[]): void {
  const characters = () => columns.filter((col) => isCharacter(col.code));
  const lists = () => columns.filter((col) => col.code === Code.enum || col.code === Code.set);
  switch (field) {
    case 1:
      return signedness(
        body,
        columns.filter((col) => isNumeric(col.code)),
      );
    case 2:
      return defaultCollation(body, characters());
    case 3:
      return collations(body, characters());
    case 4:
      for (const column of columns) column.name = body.text(body.length());
      return;
    case FIELD_LABELS_SET:
      return labels(
        body,
        columns.filter((col) => col.code === Code.set),
      );
    case FIELD_LABELS_ENUM:
      return labels(
        body,
        columns.filter((col) => col.code === Code.enum),
      );
    case 10:
      return defaultCollation(body, lists());
    case 11:
      return collations(body, lists());
    default:
      // Keys and kinds of geometry: the catalog tells them.
      return;
  }
}

function signedness(body: Cursor, columns: readonly Draft[]): void {
  const bits = body.rest();
  for (const [i, column] of columns.entries()) column.unsigned = ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0;
}

/** One for all, then pairs for those that differ. */
function defaultCollation(body: Cursor, columns: readonly Draft[]): void {
  const usual = body.length();
  for (const column of columns) column.collation = usual;
  while (body.left > 0) {
    const column = columns[body.length()];
    const collation = body.length();
    if (column === undefined) throw captureError("capture/malformed-message", "a table of the log has too few columns");
    column.collation = collation;
  }
}

function collations(body: Cursor, columns: readonly Draft[]): void {
  for (const column of columns) column.collation = body.length();
}

function labels(body: Cursor, columns: readonly Draft[]): void {
  for (const column of columns) {
    const count = body.length();
    column.labels = Array.from({ length: count }, () => Buffer.from(body.take(body.length())));
  }
}
