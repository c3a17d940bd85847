/**
 * Which slots the file may hold, in memory of a fixed size: a Bloom filter in blocks of 256 bits (Putze, Sanders and Singler
 * 2007). Rows that begin, most of what a hospital writes, need not ask the file then. It says yes in vain for 1 of 5,000 new
 * rows beside a million, 1 of 50 beside four, 1 of 4 beside ten: then the file is asked.
 *
 * It is kept in the file, in the transaction that merges the slots, with the number of rows that were merged by then. One of
 * another number, which a program that knows nothing of it left behind, is not believed but made anew.
 */
import type { DatabaseSync } from "node:sqlite";
import { SLOT_BITS } from "./slot-table.ts";

const BLOCKS_BITS = 17;
const WORDS_PER_BLOCK = 8;
const WORDS = WORDS_PER_BLOCK * 2 ** BLOCKS_BITS;
/** The slot's highest bits name its block, so that merging in order goes through the filter in order. */
const PER_BLOCK = 2 ** (SLOT_BITS - BLOCKS_BITS);
const PARTS = 64;
const PART_WORDS = WORDS / PARTS;

export class SlotFilter {
  readonly #db: DatabaseSync;
  /** Undefined: not read from the file yet. */
  #words: Uint32Array<ArrayBuffer> | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Whether the file may hold the slot; false is certain. `merged`: rows whose slots are in the file. */
  mayHold(slot: number, merged: number): boolean {
    const words = this.#words ?? this.open(merged);
    const at = WORDS_PER_BLOCK * Math.floor(slot / PER_BLOCK);
    for (let bits = 0; bits < 32; bits += 8) {
      const place = (slot >>> bits) & 0xff;
      if ((((words[at + (place >>> 5)] as number) >>> (place & 31)) & 1) === 0) return false;
    }
    return true;
  }

  /** Before slots are added: what the file held up to now. */
  open(merged: number): Uint32Array {
    this.#words ??= this.#load(merged);
    return this.#words;
  }

  add(slot: number): void {
    if (this.#words !== undefined) addTo(this.#words, slot);
  }

  /** Keeps it in the file; the caller holds the transaction. */
  save(merged: number): void {
    const words = this.#words;
    if (words === undefined) return;
    const write = this.#db.prepare("INSERT OR REPLACE INTO slot_filter VALUES (?, ?, ?)");
    for (let part = 0; part < PARTS; part++) {
      const bits = new Uint8Array(words.buffer, 4 * PART_WORDS * part, 4 * PART_WORDS);
      write.run(part, merged, bits);
    }
  }

  forget(): void {
    this.#words = undefined;
  }

  #load(merged: number): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(WORDS);
    if (merged === 0) return words;
    const parts = this.#db.prepare("SELECT part, bits FROM slot_filter WHERE merged = ?").all(merged);
    if (parts.length === PARTS) {
      const bytes = new Uint8Array(words.buffer);
      for (const { part, bits } of parts) bytes.set(bits as Uint8Array, 4 * PART_WORDS * (part as number));
      return words;
    }
    const slots = this.#db.prepare("SELECT slot FROM slots");
    slots.setReturnArrays(true);
    for (const [slot] of slots.iterate() as Iterable<unknown> as Iterable<[number]>) addTo(words, slot);
    return words;
  }
}

/** Four bits of the block, eight of the slot's lowest 32 for each. */
function addTo(words: Uint32Array, slot: number): void {
  const at = WORDS_PER_BLOCK * Math.floor(slot / PER_BLOCK);
  for (let bits = 0; bits < 32; bits += 8) {
    const place = (slot >>> bits) & 0xff;
    const word = at + (place >>> 5);
    words[word] = (words[word] as number) | (1 << (place & 31));
  }
}
