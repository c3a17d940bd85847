/** Small numbers for the handles of tables and actors, which repeat in every event. Kept in memory while they are few. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { equal, invariant } from "@anamnesis/core";

const CACHED_MAX = 65_536;

export class Numbered {
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #name: StatementSync;
  readonly #byId: StatementSync;
  readonly #max: number;
  #ids = new Map<string, number>();
  #handles = new Map<number, Uint8Array>();
  /** Neighbours in the log mostly have the same one. */
  #last: { readonly handle: Uint8Array; readonly id: number } | undefined;

  constructor(db: DatabaseSync, table: "tables" | "actors", max: number) {
    this.#max = max;
    this.#find = db.prepare(`SELECT id FROM ${table} WHERE handle = ?`);
    this.#insert = db.prepare(`INSERT INTO ${table} (handle) VALUES (?)`);
    this.#name = db.prepare(`UPDATE ${table} SET name = ?2 WHERE id = ?1`);
    this.#byId = db.prepare(`SELECT handle, name FROM ${table} WHERE id = ?`);
  }

  /** The number of a handle, from 1, if it has one. */
  find(handle: Uint8Array): number | undefined {
    if (this.#last !== undefined && equal(this.#last.handle, handle)) return this.#last.id;
    const key = keyOf(handle);
    const known = this.#ids.get(key) ?? (this.#find.get(handle)?.["id"] as number | undefined);
    if (known === undefined) return undefined;
    this.#keep(key, known);
    this.#last = { handle: handle.slice(), id: known };
    return known;
  }

  /** The number of a handle; a new one if need be. The caller holds the transaction. */
  number(handle: Uint8Array): number {
    const known = this.find(handle);
    if (known !== undefined) return known;
    const id = Number(this.#insert.run(handle).lastInsertRowid);
    invariant(id <= this.#max, "at most as many tables and actors as a record can number");
    this.#keep(keyOf(handle), id);
    return id;
  }

  setName(id: number, name: string): void {
    this.#name.run(id, name);
  }

  nameOf(id: number): string | undefined {
    return (this.#byId.get(id)?.["name"] as string | null | undefined) ?? undefined;
  }

  handleOf(id: number): Uint8Array {
    const known = this.#handles.get(id) ?? (this.#byId.get(id)?.["handle"] as Uint8Array | undefined);
    invariant(known !== undefined, "a handle for each number in use");
    if (this.#handles.size >= CACHED_MAX) this.#handles = new Map();
    this.#handles.set(id, known);
    return known;
  }

  forget(): void {
    this.#last = undefined;
    this.#ids = new Map();
    this.#handles = new Map();
  }

  #keep(key: string, id: number): void {
    if (this.#ids.size >= CACHED_MAX) this.#ids = new Map();
    this.#ids.set(key, id);
  }
}

const keyOf = (handle: Uint8Array): string =>
  Buffer.from(handle.buffer, handle.byteOffset, handle.length).toString("latin1");
