/**
 * Row bytes (spec/encoding.md): the text form of each column as PostgreSQL's `COPY … TO STDOUT` writes it. A snapshot
 * brings rows in that form already; the replication stream brings plain column texts that are escaped here. Both must
 * give the same bytes for the same row, or every row would look altered: the tests hold them against each other and
 * against a real server.
 */
import { type Bytes, concat, fromUtf8, toHex, utf8 } from "@anamnesis/core";
import { captureError } from "../errors.ts";
import type { ColumnSchema, RowImage, RowKey } from "../source.ts";
import { Tuple } from "./tuple.ts";

const TAB = 0x09;
const BACKSLASH = 0x5c;
const NULL_MARK = utf8("\\N");

/** Byte → letter that stands behind the backslash; 0 = the byte stands for itself. */
const ESCAPES = table([
  [0x08, "b"],
  [0x0c, "f"],
  [0x0a, "n"],
  [0x0d, "r"],
  [0x09, "t"],
  [0x0b, "v"],
  [BACKSLASH, "\\"],
]);
const UNESCAPES = inverse(ESCAPES);

/** A column as text bytes; null = SQL NULL. */
export type Column = Bytes | null;

/** Writes rows into one buffer that is used again: the result of `row` and `key` is valid until the next call. */
export class RowWriter {
  #buffer = new Uint8Array(8192);

  /** All columns; what was not sent counts as NULL. */
  row(columns: RowImage): Uint8Array {
    let at = 0;
    for (let i = 0; i < columns.length; i++) at = this.#column(columns, i, at, i > 0);
    return new Uint8Array(this.#buffer.buffer, 0, at);
  }

  /** Key bytes: the columns of the key, in its order, and its tag. */
  key(columns: RowImage, { keyColumns, keyTag }: RowKey): Uint8Array {
    let at = 0;
    for (let i = 0; i < keyColumns.length; i++) at = this.#column(columns, keyColumns[i] as number, at, i > 0);
    if (keyTag !== undefined) at = this.#tag(keyTag, at);
    return new Uint8Array(this.#buffer.buffer, 0, at);
  }

  #tag(keyTag: string, at: number): number {
    const tag = tagBytes(keyTag);
    if (at + tag.length > this.#buffer.length) this.#grow(at + tag.length);
    this.#buffer.set(tag, at);
    return at + tag.length;
  }

  #column(columns: RowImage, index: number, at: number, separated: boolean): number {
    if (columns instanceof Tuple) {
      return this.#field(columns.bytes, columns.startAt(index), columns.lengthAt(index), at, separated);
    }
    const value = columns.at(index) ?? null;
    return value === null
      ? this.#field(NULL_MARK, 0, -1, at, separated)
      : this.#field(value, 0, value.length, at, separated);
  }

  /** `length` bytes of `value` from `from` on; below zero: NULL. */
  #field(value: Bytes, from: number, length: number, start: number, separated: boolean): number {
    let at = start;
    const most = 2 * Math.max(length, 0) + NULL_MARK.length + 1;
    if (at + most > this.#buffer.length) this.#grow(at + most);
    const out = this.#buffer;
    if (separated) out[at++] = TAB;
    if (length < 0) {
      out.set(NULL_MARK, at);
      return at + NULL_MARK.length;
    }
    const end = from + length;
    for (let i = from; i < end; i++) {
      const byte = value[i] as number;
      const letter = ESCAPES[byte] as number;
      if (letter !== 0) {
        out[at++] = BACKSLASH;
        out[at++] = letter;
      } else {
        out[at++] = byte;
      }
    }
    return at;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(2 * needed);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** The fields of row bytes, still escaped, as views. An escaped TAB is two other bytes, so a TAB always separates. */
export function splitRow(row: Bytes): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i < row.length; i++) {
    if (row[i] !== TAB) continue;
    fields.push(row.subarray(start, i));
    start = i + 1;
  }
  fields.push(row.subarray(start));
  return fields;
}

/** Key bytes straight from escaped fields: no unescaping, no escaping. */
export function keyOfFields(fields: readonly Uint8Array[], { keyColumns, keyTag }: RowKey): Uint8Array {
  const first = fields[keyColumns[0] ?? -1];
  if (keyColumns.length === 1 && first !== undefined && keyTag === undefined) return first;
  const parts: Uint8Array[] = [];
  for (const [i, index] of keyColumns.entries()) {
    if (i > 0) parts.push(SEPARATOR);
    parts.push(fields[index] ?? NULL_MARK);
  }
  if (keyTag !== undefined) parts.push(tagBytes(keyTag));
  return concat(...parts);
}

/** Escaped fields hold no line feed: it ends the key. */
const tagBytes = (keyTag: string): Uint8Array => utf8(`\n${keyTag}`);

/**
 * What tells a key from other keys of the same table: the numbers of its columns, or their names where they have none. None is
 * needed for the first columns in their order, which is what nearly every table has.
 */
export function keyTagOf(
  columns: readonly Pick<ColumnSchema, "id" | "name">[],
  keyColumns: readonly number[],
): Pick<RowKey, "keyTag"> {
  const numbers = keyColumns.map((index) => columns[index]?.id);
  const hasNumbers = numbers.every((number) => number !== undefined);
  if (keyColumns.every((index, i) => (hasNumbers ? numbers[i] === i + 1 : index === i))) return {};
  return { keyTag: hasNumbers ? numbers.join() : JSON.stringify(keyColumns.map((index) => columns[index]?.name)) };
}

const SEPARATOR = Uint8Array.of(TAB);

/** The text behind an escaped field. @throws AnamnesisError `capture/malformed-row` on escapes COPY does not write. */
export function unescapeField(field: Bytes): Column {
  if (field.length === 2 && field[0] === BACKSLASH && field[1] === 0x4e) return null;
  if (field.indexOf(BACKSLASH) < 0) return field;
  const out = new Uint8Array(field.length);
  let at = 0;
  for (let i = 0; i < field.length; i++) {
    let byte = field[i] as number;
    if (byte === BACKSLASH) {
      byte = UNESCAPES[field[++i] ?? 0] as number;
      if (byte === 0) throw captureError("capture/malformed-row", "a row holds an escape that COPY does not write");
    }
    out[at++] = byte;
  }
  return out.subarray(0, at);
}

/** The columns of row bytes. @throws AnamnesisError `capture/malformed-row` when there are not `count` of them. */
export function parseRow(row: Bytes, count: number): Column[] {
  const fields = count === 0 && row.length === 0 ? [] : splitRow(row);
  if (fields.length !== count) {
    throw captureError("capture/malformed-row", `a row has ${fields.length} columns instead of ${count}`);
  }
  return fields.map(unescapeField);
}

/**
 * A key for people and findings: the key columns' texts joined by `|`, with `\` and `|` behind a backslash, and `\x` with
 * hexadecimal digits for what is not UTF-8. A table without a key shows the whole row bytes instead.
 */
export function keyText(columns: RowImage, keyColumns: readonly number[]): string {
  const first = keyColumns[0];
  if (first !== undefined && keyColumns.length === 1) return display(columns.at(first) ?? null);
  return keyColumns.map((index) => display(columns.at(index) ?? null)).join("|");
}

export const rowText = (row: Bytes): string => LOOSE.decode(row);

const LOOSE = new TextDecoder("utf-8", { ignoreBOM: true });
const SPECIAL = /[\\|]/;

function display(value: Column): string {
  if (value === null) return "\\N";
  const text = utf8Text(value);
  if (text === undefined) return `\\x${toHex(value)}`;
  return SPECIAL.test(text) ? text.replace(/[\\|]/g, "\\$&") : text;
}

/** Undefined for other bytes, which a database in SQL_ASCII may hold: row bytes are bytes, only names want to be text. */
export function utf8Text(value: Bytes): string | undefined {
  return value.length < 24 ? ascii(value) : decoded(value);
}

function decoded(value: Bytes): string | undefined {
  try {
    return fromUtf8(value);
  } catch {
    return undefined; // the decoder throws nothing else
  }
}

/** Short ones are nearly always ASCII; the decoder's overhead is larger than they are. */
function ascii(value: Bytes): string | undefined {
  let text = "";
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number;
    if (byte > 0x7f) return decoded(value);
    text += String.fromCharCode(byte);
  }
  return text;
}

function table(pairs: readonly (readonly [number, string])[]): Uint8Array {
  const out = new Uint8Array(256);
  for (const [byte, letter] of pairs) out[byte] = letter.charCodeAt(0);
  return out;
}

function inverse(escapes: Uint8Array): Uint8Array {
  const out = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const letter = escapes[byte] as number;
    if (letter !== 0) out[letter] = byte;
  }
  return out;
}
