/** From row bytes to the row's handle and to the key that sealed it, without taking the whole row apart. */
import type { Bytes } from "@anamnesis/core";
import type { Handles, RowSealer } from "@anamnesis/crypto";
import { keyOfFields, keyText, parseRow, rowText, splitRow } from "../postgres/index.ts";
import { RowKeys } from "../row-keys.ts";
import type { TableSchema } from "../source.ts";
import { type SubjectSealers, subjectsOfFields } from "../subject-sealers.ts";

const TAB = 0x09;
const CACHE_MAX = 4096;

export class RowIdentity {
  readonly #table: TableSchema;
  readonly #handles: Handles;
  readonly #sealers: SubjectSealers;
  /** Fields after this one name neither key nor patient. */
  readonly #last: number;
  readonly #single: number | undefined;
  #cache = new Map<string, RowSealer | "erased">();
  #destroyed = 0;
  /** The column that named the patient of the row last explained by a former mapping; -1 = none did. */
  #former: number | undefined;

  constructor(table: TableSchema, handles: Handles, sealers: SubjectSealers) {
    this.#table = table;
    this.#handles = handles;
    this.#sealers = sealers;
    this.#last = Math.max(-1, ...table.keyColumns, ...table.subjectColumns);
    this.#single = table.subjectColumns.length === 1 ? table.subjectColumns[0] : undefined;
  }

  get keyed(): boolean {
    return this.#table.keyColumns.length > 0;
  }

  /** The escaped fields up to the last one that matters, as views. A loop: `indexOf` of a Buffer costs more than it finds. */
  fields(row: Bytes): Uint8Array[] {
    const fields: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at <= row.length && fields.length <= this.#last; at++) {
      if (at < row.length && row[at] !== TAB) continue;
      fields.push(new Uint8Array(row.buffer, row.byteOffset + start, at - start));
      start = at + 1;
    }
    return fields;
  }

  /** Handle of a row of a table with a key. */
  keyHandle(fields: readonly Uint8Array[]): Uint8Array {
    return this.#handles.row(this.#table.handle, keyOfFields(fields, this.#table));
  }

  /** The sealer of the row's patients; rows of one patient follow each other, and fields repeat. */
  sealer(fields: readonly Uint8Array[]): RowSealer | "erased" {
    const field = this.#single === undefined ? undefined : fields[this.#single];
    const name = field === undefined ? "" : latin1(field);
    if (this.#destroyed !== this.#sealers.destroyed) this.#cache = new Map();
    this.#destroyed = this.#sealers.destroyed;
    const known = this.#cache.get(name);
    if (known !== undefined && (field !== undefined || this.#table.subjectColumns.length === 0)) return known;
    const found = this.#sealers.of(this.#table, subjectsOfFields(this.#table, fields));
    if (this.#cache.size >= CACHE_MAX) this.#cache = new Map();
    this.#cache.set(name, found);
    return found;
  }

  /** The same for patients whose key is used here and not asked for again. */
  passingSealer(row: Uint8Array): RowSealer | "erased" {
    return this.#sealers.passing(this.#table, subjectsOfFields(this.#table, this.fields(row)));
  }

  /**
   * The first sealer for which `fits` holds among those of other mappings of the table to patients. A foreign key that
   * was added or dropped changes which columns name the patient, but not what rows were sealed with. Nobody finds other
   * row bytes for a commitment under any key, so whatever fits is the row that was vouched for.
   */
  formerly(row: Bytes, fits: (sealer: RowSealer) => boolean): boolean {
    const columns = parseRow(row, this.#table.columns.length);
    const tried = this.#former;
    for (const only of tried === undefined ? [undefined] : [tried, undefined]) {
      for (const [place, sealer] of this.#sealers.formerly(this.#table, columns, only)) {
        if (!fits(sealer)) continue;
        this.#former = place;
        return true;
      }
    }
    return false;
  }

  /** Key text of a row in hand. */
  text(row: Bytes): string {
    if (!this.keyed) return rowText(row);
    return keyText(parseRow(row, this.#table.columns.length), this.#table.keyColumns);
  }

  /** The handle that a key text stands for; undefined when it cannot be one, or its patient's key is destroyed. */
  handleOfText(text: string): Uint8Array | undefined {
    if (this.keyed) {
      const values = parseKeyText(text);
      if (values.length !== this.#table.keyColumns.length) return undefined;
      return new RowKeys(this.#handles).handleOfTexts(this.#table, values);
    }
    const row = Buffer.from(text);
    const sealer = this.sealer(splitRow(row));
    return sealer === "erased" ? undefined : sealer.keylessRow(this.#table.handle, row);
  }
}

/** Undoes `keyText`: parts at bare `|`, with `\` before a literal `\` or `|`, and `\N` for NULL. */
export function parseKeyText(text: string): readonly (string | null)[] {
  const parts: string[] = [""];
  const raw: string[] = [""];
  const add = (to: string[], more: string) => {
    to[to.length - 1] = `${to.at(-1) ?? ""}${more}`;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "|") {
      parts.push("");
      raw.push("");
      continue;
    }
    const escaped = c === "\\" && i + 1 < text.length;
    const literal = escaped ? text.charAt(++i) : c;
    add(parts, literal);
    add(raw, escaped ? c + literal : c);
  }
  return parts.map((part, i) => (raw[i] === "\\N" ? null : part));
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
