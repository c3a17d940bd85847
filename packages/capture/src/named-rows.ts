/** Names of rows that wait for the index's next transaction, without an object for each (see `leaves.ts`). */
import type { NamedRow } from "./row-index.ts";

const ROW_BYTES = 16;
const FIRST_ROWS = 1_024;

export class NamedRows implements Iterable<NamedRow> {
  #tables: Uint8Array[] = [];
  #rows = new Uint8Array(FIRST_ROWS * ROW_BYTES);
  #keys: string[] = [];

  get length(): number {
    return this.#keys.length;
  }

  /** Copies the row's handle, and keeps the table's. */
  add(table: Uint8Array, row: Uint8Array, key: string): void {
    const at = ROW_BYTES * this.#keys.length;
    if (at === this.#rows.length) {
      const larger = new Uint8Array(2 * at);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows.set(row, at);
    this.#tables.push(table);
    this.#keys.push(key);
  }

  *[Symbol.iterator](): Generator<NamedRow> {
    for (const [i, key] of this.#keys.entries()) {
      const row = new Uint8Array(this.#rows.buffer, ROW_BYTES * i, ROW_BYTES);
      yield { table: this.#tables[i] as Uint8Array, row, key };
    }
  }

  clear(): void {
    this.#tables = [];
    this.#keys = [];
  }
}
