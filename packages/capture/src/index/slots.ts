/**
 * From a row's handle to its dense id. Handles are uniform, so inserting each into a B-tree at once would touch one
 * database page per row. New ones are kept in memory and merged in sorted order, 131,072 at a time; what is not merged yet
 * is found again from the records above `merged` when the file is opened.
 *
 * The slot is the first 52 bits of the handle, an integer that a JavaScript number holds; a slot taken by another handle
 * passes the row on to the next one (linear probing; nothing is ever removed, so a free slot ends a search).
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { SlotFilter } from "./slot-filter.ts";
import { SLOT_BITS, SlotTable } from "./slot-table.ts";

const MERGE_AT = 131_072;
const SLOT_SPACE = 2 ** SLOT_BITS;
/** Slots that one statement writes: half as dear as one by one. */
const TOGETHER = 64;

/** Whether the row with this id is the one with this handle, in the table of this number. */
export type IsRow = (id: number, table: number, handle: Uint8Array) => boolean;

export class Slots {
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #putMany: StatementSync;
  readonly #filter: SlotFilter;
  readonly #recent = new SlotTable();

  constructor(db: DatabaseSync) {
    this.#get = db.prepare("SELECT id FROM slots WHERE slot = ?");
    this.#get.setReturnArrays(true);
    this.#putMany = db.prepare(`INSERT OR IGNORE INTO slots VALUES ${"(?,?),".repeat(TOGETHER - 1)}(?,?)`);
    this.#put = db.prepare("INSERT OR IGNORE INTO slots VALUES (?, ?)");
    this.#filter = new SlotFilter(db);
  }

  /** The id for which `is` holds among those that share the handle's slots. */
  find(table: number, handle: Uint8Array, is: IsRow): number | undefined {
    return this.#search(table, handle, is);
  }

  /**
   * The same; a handle that is not found gets `id` in the free slot where the search ended. `merged`: rows that were merged
   * into the file so far.
   */
  findOrAdd(table: number, handle: Uint8Array, is: IsRow, id: number, merged: number): number {
    return this.#search(table, handle, is, id, merged) ?? id;
  }

  /** Takes a row that is known to be neither in the file nor here. Its slot may be taken in the file: searches look at both. */
  load(handle: Uint8Array, id: number): void {
    let slot = slotOf(handle);
    while (this.#recent.get(slot) !== undefined) slot = (slot + 1) % SLOT_SPACE;
    this.#recent.add(slot, id);
  }

  get full(): boolean {
    return this.#recent.size >= MERGE_AT;
  }

  /**
   * Moves everything recent into the file, beside the rows `merged` so far; the caller holds the transaction and records that
   * all `rows` are merged.
   */
  merge(merged: number, rows: number): void {
    this.#filter.open(merged);
    const lot: number[] = [];
    for (const [slot, id] of this.#recent.entries()) {
      lot.push(slot, id);
      this.#filter.add(slot);
      if (lot.length < 2 * TOGETHER) continue;
      if (Number(this.#putMany.run(...lot).changes) < TOGETHER) this.#file(lot);
      lot.length = 0;
    }
    this.#file(lot);
    this.#filter.save(rows);
    this.#recent.clear();
  }

  forget(): void {
    this.#recent.clear();
    this.#filter.forget();
  }

  /** One by one, each into the next free slot; some may be there already. */
  #file(lot: readonly number[]): void {
    for (let i = 0; i < lot.length; i += 2) {
      const id = lot[i + 1] as number;
      let slot = lot[i] as number;
      while (this.#put.run(slot, id).changes === 0 && this.#read(slot) !== id) slot = (slot + 1) % SLOT_SPACE;
      this.#filter.add(slot);
    }
  }

  /** With `add`, the filter is asked before the file, and a free slot gets that id. */
  #search(table: number, handle: Uint8Array, is: IsRow, add?: number, merged = 0): number | undefined {
    for (let slot = slotOf(handle); ; slot = (slot + 1) % SLOT_SPACE) {
      const recent = this.#recent.get(slot);
      if (recent !== undefined && is(recent, table, handle)) return recent;
      const filed = add === undefined || this.#filter.mayHold(slot, merged) ? this.#read(slot) : undefined;
      if (filed !== undefined && is(filed, table, handle)) return filed;
      if (recent !== undefined || filed !== undefined) continue;
      if (add !== undefined) this.#recent.add(slot, add);
      return undefined;
    }
  }

  #read(slot: number): number | undefined {
    return (this.#get.get(slot) as unknown as [number] | undefined)?.[0];
  }
}

function slotOf(handle: Uint8Array): number {
  const b = handle as unknown as readonly number[];
  const byte = (i: number) => b[i] ?? 0;
  const high = ((byte(0) << 12) | (byte(1) << 4) | (byte(2) >> 4)) >>> 0;
  const low = (((byte(2) & 0x0f) << 28) | (byte(3) << 20) | (byte(4) << 12) | (byte(5) << 4) | (byte(6) >> 4)) >>> 0;
  return high * 2 ** 32 + low;
}
