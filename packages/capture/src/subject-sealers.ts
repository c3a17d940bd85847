/** From a row to the key that seals it: whose row is it, and is that key still there? */
import { type Bytes, compare, toHex } from "@anamnesis/core";
import { type Primitives, pairSubjectKey, type RowSealer, rowSealer } from "@anamnesis/crypto";
import type { KeyStore } from "./keystore.ts";
import { unescapeField, utf8Text } from "./postgres/canonical.ts";
import type { RowImage, TableSchema } from "./source.ts";

const CACHE_MAX = 16_384;
/** Longer texts are no patient's id. */
const ID_MAX = 128;

/** The distinct patients of a row, or undefined when a column that names one was not sent. */
export function subjectsOf(table: TableSchema, columns: RowImage): readonly string[] | undefined {
  const indices = table.subjectColumns;
  const single = indices[0];
  if (single === undefined) return [];
  const subjects: string[] = [];
  for (const index of indices) {
    const value = columns.at(index);
    if (value === undefined) return undefined;
    if (value === null) continue;
    const subject = subjectText(value);
    if (!subjects.includes(subject)) subjects.push(subject);
  }
  return subjects;
}

/** The same from the escaped fields of row bytes. */
export function subjectsOfFields(table: TableSchema, fields: readonly Bytes[]): readonly string[] {
  const subjects: string[] = [];
  for (const index of table.subjectColumns) {
    const field = fields[index];
    const value = field === undefined ? null : unescapeField(field);
    if (value === null) continue;
    const subject = subjectText(value);
    if (!subjects.includes(subject)) subjects.push(subject);
  }
  return subjects;
}

/** Sealers by subject, kept while they are in use: preparing one costs as much as a few commitments. */
export class SubjectSealers {
  readonly #primitives: Primitives;
  readonly #keys: KeyStore;
  readonly #cache = new Map<string, RowSealer>();
  #destroyed = 0;

  constructor(primitives: Primitives, keys: KeyStore) {
    this.#primitives = primitives;
    this.#keys = keys;
  }

  /** The sealer of a row about these patients; `erased` when the key of one of them was destroyed. */
  of(table: TableSchema, subjects: readonly string[]): RowSealer | "erased" {
    const first = subjects[0];
    if (first === undefined) return this.#single(ownKey(table));
    if (subjects.length === 1) return this.#single(patient(first));
    return this.#several(subjects.map(patient));
  }

  /**
   * Sealers under which a row may have been sealed while other columns named its patient: the table's own key, and the
   * key of whoever a column names. Only keys that exist; `columns` are all of the row's, `only` limits them to one place.
   */
  *formerly(table: TableSchema, columns: readonly (Bytes | null)[], only?: number): Generator<[number, RowSealer]> {
    for (let place = -1; place < columns.length; place++) {
      if (only !== undefined && place !== only) continue;
      const value = columns[place];
      const name = place < 0 ? ownKey(table) : value && value.length <= ID_MAX ? patient(subjectText(value)) : "";
      const key = name === "" ? undefined : this.#keys.find(name);
      if (key instanceof Uint8Array) yield [place, this.#remember(name, key)];
    }
  }

  /** The same for one of many patients who are met once: nothing is kept, and keys are looked up together. */
  passing(table: TableSchema, subjects: readonly string[]): RowSealer | "erased" {
    const [first, second] = subjects;
    if (first === undefined || second !== undefined) return this.of(table, subjects);
    this.#keys.together();
    const key = this.#keys.peek(patient(first)) ?? this.#keys.keyOf(patient(first));
    return key === "erased" ? key : rowSealer(this.#primitives, key);
  }

  /** Rises with each key that is destroyed: nothing that was prepared before may be used again. */
  get destroyed(): number {
    return this.#keys.destroyed;
  }

  /** Whether the key of this patient was destroyed. */
  isErased(id: string): boolean {
    return this.#keys.find(patient(id)) === "erased";
  }

  #known(name: string): RowSealer | undefined {
    if (this.#destroyed !== this.#keys.destroyed) this.#cache.clear();
    this.#destroyed = this.#keys.destroyed;
    return this.#cache.get(name);
  }

  #single(name: string): RowSealer | "erased" {
    const known = this.#known(name);
    if (known !== undefined) return known;
    const key = this.#keys.keyOf(name);
    return key === "erased" ? "erased" : this.#remember(name, key);
  }

  /** Two patients: the pair key of the specification. More: folded over the keys in byte order. */
  #several(names: readonly string[]): RowSealer | "erased" {
    const id = names.toSorted().join("\0\0");
    const known = this.#known(id);
    if (known !== undefined) return known;
    const keys: Uint8Array[] = [];
    for (const name of names) {
      const key = this.#keys.keyOf(name);
      if (key === "erased") return "erased";
      keys.push(key);
    }
    keys.sort(compare);
    const folded = keys.reduce((a, b) => pairSubjectKey(this.#primitives, a, b));
    return this.#remember(id, folded);
  }

  #remember(name: string, key: Uint8Array): RowSealer {
    if (this.#cache.size >= CACHE_MAX) this.#cache.clear();
    const sealer = rowSealer(this.#primitives, key);
    this.#cache.set(name, sealer);
    return sealer;
  }
}

/** Name of the key of a table's rows about nobody: its handle stays when the table is renamed. */
export const ownKey = (table: Pick<TableSchema, "handle">): string => `table\0${toHex(table.handle)}`;

/** An id as text. Bytes that are not UTF-8 (a database in SQL_ASCII) stay apart from every id that is: no text holds a NUL. */
const subjectText = (value: Bytes): string => utf8Text(value) ?? `\0${toHex(value)}`;

/** Name of a patient in the key store: what `source erase` hands to `KeyStore.destroy`. */
export const patient = (id: string): string => `patient\0${id}`;
