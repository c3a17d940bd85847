/**
 * The row bytes that the sealer commits to in tables with digests, and what is noted of each row for the day when an
 * update leaves a large value out.
 */
import type { Position } from "@anamnesis/contracts";
import { type Bytes, compare, equal } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import { RowWriter, splitRow } from "../postgres/canonical.ts";
import type { ColumnSchema, RowImage, TableSchema } from "../source.ts";
import type { KeptField, RowNote } from "./note.ts";
import { digestField, FIELD_BYTES_MAX, joinFields, shortened, withDigests } from "./rule.ts";
import type { DigestStore, PlacedNote } from "./store.ts";

export interface FieldDigestsOptions {
  /** Without one, an update that leaves a value out is never vouched for. */
  readonly store: DigestStore | undefined;
  /** The life of the source that is followed (8 bytes). */
  readonly life: Uint8Array;
  /** The newest final event that tells the row's content. */
  readonly newest: (table: Uint8Array, row: Uint8Array) => Position | undefined;
}

/** A row that is being sealed: which one, under which key, at which event. */
export interface SealedRow {
  readonly table: TableSchema;
  readonly handle: Uint8Array;
  readonly sealer: RowSealer;
  readonly at: Position;
}

/**
 * PostgreSQL stores values apart in rows of more than 2,032 bytes (TOAST_TUPLE_THRESHOLD); estimated, so a little less.
 * A table whose `toast_tuple_target` is lower may send fewer values than are noted: its rows are then unvouched.
 */
const APART_BYTES = 1_900;
/** No shorter value is stored apart: the pointer to it would be longer. */
const APART_FIELD_BYTES = 20;
/** Types whose binary form is no longer than their text, but for a few bytes. */
const LIKE_TEXT = new Set(
  ["text", "varchar", "bpchar", "json", "xml", "bytea", "numeric"].map((t) => `pg_catalog.${t}`),
);
/** Of other types (arrays, ranges, jsonb) the binary form is at most about eight times as long as the text. */
const EXPANSION = 8;

export class FieldDigests {
  readonly #o: FieldDigestsOptions;
  readonly #writer = new RowWriter();
  /** Events up to here were noted before a crash: their rows may be noted as of a later one already. */
  readonly #notedTo: Position | undefined;

  constructor(options: FieldDigestsOptions) {
    this.#o = options;
    const newest = options.store?.newest();
    this.#notedTo = newest !== undefined && equal(newest.life, options.life) ? newest.at : undefined;
  }

  /** Row bytes to commit to, from the plain row bytes of a complete row. */
  complete(row: SealedRow, bytes: Bytes): Bytes {
    if (this.#o.store !== undefined) this.#put(row.table, row.handle, row.at, this.#noteOf(row, bytes));
    return withDigests(row.sealer, bytes);
  }

  /**
   * Row bytes of a row of which some values were not sent because they did not change; undefined when one of them is not
   * known. `was`: the row's handle before the event, where that was another.
   */
  patched(row: SealedRow, columns: RowImage, was = row.handle): Bytes | undefined {
    const former = this.#noteBefore(row, row.handle) ?? this.#noteBefore(row, was);
    const { store } = this.#o;
    const kept = new Map<number, KeptField>();
    const fields: Bytes[] = [];
    for (const [i, column] of row.table.columns.entries()) {
      const value = columns.at(i);
      const number = column.large && store !== undefined ? store.column(column.name) : -1;
      const known = value === undefined ? former?.fields.get(number) : undefined;
      const field =
        value === undefined ? restored(row.sealer, known) : this.#writer.key([value], { keyColumns: [0] }).slice();
      const note = known ?? (field === undefined ? undefined : keep(row.sealer, field));
      if (number >= 0 && note !== undefined) kept.set(number, note);
      if (field !== undefined) fields.push(value === undefined ? field : shortened(row.sealer, field));
    }
    this.#put(
      row.table,
      row.handle,
      row.at,
      kept.size === 0 ? undefined : { keyName: row.sealer.keyName(), fields: kept },
    );
    return fields.length === row.table.columns.length ? joinFields(fields) : undefined;
  }

  /** The row is gone, or nobody can vouch for it. */
  gone(table: TableSchema, handle: Uint8Array, at: Position): void {
    this.#put(table, handle, at, undefined);
  }

  emptied(table: TableSchema, at: Position): void {
    this.#o.store?.sweep(table.handle, { life: this.#o.life, at });
  }

  flush(): void {
    this.#o.store?.flush();
  }

  #put(table: TableSchema, handle: Uint8Array, at: Position, note: RowNote | undefined): void {
    const { store, life } = this.#o;
    if (store === undefined) return;
    if (this.#notedTo !== undefined && order(at, this.#notedTo) <= 0) {
      const present = store.get(table.handle, handle);
      if (present !== undefined && equal(present.life, life) && order(present.at, at) > 0) return;
    }
    store.put(table.handle, handle, { life, at, note });
  }

  #noteBefore({ table, at, sealer }: SealedRow, handle: Uint8Array): RowNote | undefined {
    const found = this.#o.store?.get(table.handle, handle);
    if (found === undefined || !this.#isNewest(found, table, handle, at)) return undefined;
    return compare(found.note.keyName, sealer.keyName()) === 0 ? found.note : undefined;
  }

  /**
   * Whether what the note says of columns that the event at `at` left alone is true then: it was made by the newest event
   * before, or by this very one (a crash came between). What is not final yet can only have been noted in this life.
   */
  #isNewest(found: PlacedNote, table: TableSchema, handle: Uint8Array, at: Position): boolean {
    const newest = this.#o.newest(table.handle, handle);
    if (!equal(found.life, this.#o.life)) return newest !== undefined && order(found.at, newest) === 0;
    return order(found.at, at) <= 0 && (newest === undefined || order(found.at, newest) >= 0);
  }

  #noteOf({ table, sealer }: SealedRow, bytes: Bytes): RowNote | undefined {
    if (bytes.length <= FIELD_BYTES_MAX && EXPANSION * (bytes.length + 3 * table.columns.length) <= APART_BYTES) {
      return undefined;
    }
    const { store } = this.#o;
    const fields = splitRow(bytes);
    const apart = estimate(table.columns, fields) > APART_BYTES;
    const kept = new Map<number, KeptField>();
    for (const [i, column] of table.columns.entries()) {
      const field = fields[i];
      if (!column.large || field === undefined || store === undefined) continue;
      if (field.length <= FIELD_BYTES_MAX && (!apart || isTooShort(column, field))) continue;
      const note = keep(sealer, field);
      if (note !== undefined) kept.set(store.column(column.name), note);
    }
    return kept.size === 0 ? undefined : { keyName: sealer.keyName(), fields: kept };
  }
}

/** A field of the row bytes from what was kept of it. */
function restored(sealer: RowSealer, kept: KeptField | undefined): Bytes | undefined {
  if (kept === undefined) return undefined;
  return kept.kind === "digest" ? digestField(kept.bytes) : sealer.unveil(kept.bytes);
}

/** NULL and the empty text are never stored apart. */
function keep(sealer: RowSealer, field: Bytes): KeptField | undefined {
  if (field.length === 0 || (field.length === 2 && field[0] === 0x5c && field[1] === 0x4e)) return undefined;
  return field.length > FIELD_BYTES_MAX
    ? { kind: "digest", bytes: sealer.fieldDigest(field) }
    : { kind: "veiled", bytes: sealer.veil(field) };
}

/** About the most that the row takes in the database, in bytes. */
function estimate(columns: readonly ColumnSchema[], fields: readonly Bytes[]): number {
  let bytes = 24;
  for (const [i, column] of columns.entries()) {
    const length = fields[i]?.length ?? 0;
    bytes += !column.large ? 16 : LIKE_TEXT.has(column.type) ? length + 8 : EXPANSION * length + 24;
  }
  return bytes;
}

const isTooShort = (column: ColumnSchema, field: Bytes): boolean =>
  LIKE_TEXT.has(column.type) && field.length < APART_FIELD_BYTES;

const order = (a: Position, b: Position): number => (a.lsn < b.lsn ? -1 : a.lsn > b.lsn ? 1 : a.ordinal - b.ordinal);
