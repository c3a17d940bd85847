/**
 * Numbers for short byte strings, in the order in which they come: a hash table over the bytes themselves, because making a
 * string of every field of every row costs more than all that is done with it. Linear probing; nothing is ever taken out.
 */

/** Longer strings get no number; a UUID has 36 bytes. */
const BYTES_MAX = 39;
const ENTRY_BYTES = BYTES_MAX + 1;
const FIRST_ENTRIES = 1024;

export class FieldNumbers {
  #entries = new Uint8Array(FIRST_ENTRIES * ENTRY_BYTES);
  /** Number + 1 of the string in this slot; at most half of them are taken. */
  #slots = new Int32Array(2 * FIRST_ENTRIES);
  #count = 0;

  /** The number of the string `bytes[from, to)`; -1 when it has none. */
  find(bytes: Uint8Array, from: number, to: number): number {
    return (this.#slots[this.#slotOf(bytes, from, to)] as number) - 1;
  }

  /** Gives a string that has no number the next one; false when the string is too long. */
  add(bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    if (length > BYTES_MAX) return false;
    if (2 * this.#count === this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(bytes, from, to)] = this.#count + 1;
    const at = this.#count * ENTRY_BYTES;
    this.#entries[at] = length;
    for (let i = 0; i < length; i++) this.#entries[at + 1 + i] = bytes[from + i] as number;
    this.#count++;
    return true;
  }

  /** The slot that holds the string, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number;
      if (number === 0 || this.#is(number - 1, bytes, from, to)) return slot;
    }
  }

  #is(number: number, bytes: Uint8Array, from: number, to: number): boolean {
    const entries = this.#entries;
    const at = number * ENTRY_BYTES;
    if (entries[at] !== to - from) return false;
    for (let i = from; i < to; i++) if (entries[at + 1 + i - from] !== bytes[i]) return false;
    return true;
  }

  #grow(): void {
    const entries = new Uint8Array(2 * this.#entries.length);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let number = 0; number < this.#count; number++) {
      const at = number * ENTRY_BYTES + 1;
      this.#slots[this.#slotOf(entries, at, at + (entries[at - 1] as number))] = number + 1;
    }
  }
}

/** FNV-1a with 32 bits (Fowler, Noll, Vo). */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
