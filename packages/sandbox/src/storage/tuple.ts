/*
 * One heap tuple (PostgreSQL manual, "Table Row Layout"): 23 bytes of header, a bitmap of NULLs if there are any, then the
 * columns one after the other, each aligned as its type asks.
 */

/** A column as the catalog describes its storage; dropped columns are columns too. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
  /** Bytes; -1 = variable, with a length word. */
  readonly length: number;
  /** 1, 2, 4 or 8. */
  readonly align: number;
}

/** Where a value lies in its tuple: its content, without the length word. */
export interface Field {
  readonly column: StoredColumn;
  readonly at: number;
  readonly length: number;
  /** `out-of-line`: the content is a pointer to another table; `packed`: it is compressed. */
  readonly form: "plain" | "packed" | "out-of-line";
}

const INFOMASK2_AT = 18;
const INFOMASK_AT = 20;
const HOFF_AT = 22;
const BITMAP_AT = 23;
const XMAX_AT = 4;
const CTID_AT = 12;
const COLUMNS_MASK = 0x07ff;
const HAS_NULL = 0x0001;
const XMAX_BITS = 0x1cd0; // locks, multixact, committed, invalid
const XMAX_COMMITTED = 0x0400;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The columns that are not NULL, in order. Columns added after the tuple was written are not in it. */
export function fieldsOf(tuple: Uint8Array, columns: readonly StoredColumn[]): Field[] {
  const view = viewOf(tuple);
  const stored = view.getUint16(INFOMASK2_AT, true) & COLUMNS_MASK;
  const hasNull = (view.getUint16(INFOMASK_AT, true) & HAS_NULL) !== 0;
  const isNull = (i: number): boolean => hasNull && ((tuple[BITMAP_AT + (i >> 3)] ?? 0) & (1 << (i & 7))) === 0;
  const fields: Field[] = [];
  let at = tuple[HOFF_AT] ?? 0;
  for (const [i, column] of columns.slice(0, stored).entries()) {
    if (isNull(i)) continue;
    // A value of variable length with a one-byte length word is not aligned; a zero byte there is padding.
    if (column.length !== -1 || tuple[at] === 0) at = Math.ceil(at / column.align) * column.align;
    const field = fieldAt(view, at, column);
    fields.push(field);
    at = field.at + field.length;
  }
  return fields;
}

function fieldAt(view: DataView, at: number, column: StoredColumn): Field {
  if (column.length !== -1) return { column, at, length: column.length, form: "plain" };
  const first = view.getUint8(at);
  if (first === 0x01) return { column, at: at + 2, length: 16, form: "out-of-line" };
  if ((first & 1) === 1) return { column, at: at + 1, length: (first >>> 1) - 1, form: "plain" };
  const length = (view.getUint32(at, true) >>> 2) - 4;
  return { column, at: at + 4, length, form: (first & 2) === 2 ? "packed" : "plain" };
}

/** The number by which the out-of-line table knows the value. */
export const outOfLineId = (tuple: Uint8Array, field: Field): number => viewOf(tuple).getUint32(field.at + 8, true);

/** Marks the tuple as deleted by the very transaction that wrote it, which is known to have committed. */
export function markDeleted(tuple: Uint8Array): void {
  const view = viewOf(tuple);
  view.setUint32(XMAX_AT, view.getUint32(0, true), true);
  view.setUint16(INFOMASK_AT, (view.getUint16(INFOMASK_AT, true) & ~XMAX_BITS) | XMAX_COMMITTED, true);
}

/** The tuple names its own place: block and item. */
export function setPlace(tuple: Uint8Array, block: number, item: number): void {
  const view = viewOf(tuple);
  view.setUint16(CTID_AT, block >>> 16, true);
  view.setUint16(CTID_AT + 2, block & 0xffff, true);
  view.setUint16(CTID_AT + 4, item, true);
}
