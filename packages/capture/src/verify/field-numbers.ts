/**
 * Numbers for the fields that name a row's patients, in the order in which they come. Only 64 bits of each are kept, made on
 * the way over the row's bytes, because making a string or a view of every field costs more than all that is done with it.
 *
 * Two fields with the same 64 bits get the same number, and so the key of the wrong patient: the row does not fit then and goes
 * the long way, as any row that is not the expected one. Linear probing; nothing is ever taken out.
 */

const FIRST_SLOTS = 2048;
/** A slot: the two words of a field and its number + 1, 0 while it is free. They lie together, because each look-up misses the cache. */
const SLOT_WORDS = 4;
const VALUE = 2;
const SLOT_SHIFT = 2;

export interface FieldHash {
  readonly first: number;
  readonly second: number;
}

export class FieldNumbers {
  /** At most half of the slots are taken. */
  #slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
  #count = 0;

  /** The number of a field; -1 when it has none. */
  find(field: FieldHash): number {
    return (this.#slots[this.#placeOf(field.first, field.second) + VALUE] as number) - 1;
  }

  /** Gives a field that has no number the next one. */
  add({ first, second }: FieldHash): void {
    if (2 * SLOT_WORDS * this.#count === this.#slots.length) this.#grow();
    this.#put(first, second, ++this.#count);
  }

  #put(first: number, second: number, value: number): void {
    const at = this.#placeOf(first, second);
    this.#slots[at] = first;
    this.#slots[at + 1] = second;
    this.#slots[at + VALUE] = value;
  }

  /** Where the field is, or the free slot where it belongs. */
  #placeOf(first: number, second: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = ((first ^ (first >>> 15)) << SLOT_SHIFT) & mask; ; at = (at + SLOT_WORDS) & mask) {
      if (slots[at + VALUE] === 0) return at;
      if (slots[at] === first && slots[at + 1] === second) return at;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length);
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const [first, second, value] = [before[at] as number, before[at + 1] as number, before[at + VALUE] as number];
      if (value !== 0) this.#put(first, second, value);
    }
  }
}

/** Of some fields of a row in COPY form, each with an end mark. Used again for every row. */
export class RowFields implements FieldHash {
  first = 0;
  second = 0;
  readonly #wanted: readonly boolean[];

  /** @param columns places of the fields */
  constructor(columns: readonly number[]) {
    this.#wanted = Array.from({ length: Math.max(-1, ...columns) + 1 }, (_, i) => columns.includes(i));
  }

  /** Of the row `bytes[from, to)`: FNV-1a with 32 bits (Fowler, Noll, Vo), and a second one with another multiplier. */
  read(bytes: Uint8Array, from: number, to: number): this {
    const wanted = this.#wanted;
    let first = 0x811c9dc5 | 0;
    let second = 0x01000193;
    let at = from;
    for (let column = 0; column < wanted.length; column++, at++) {
      const isWanted = wanted[column] as boolean;
      for (; at < to; at++) {
        const byte = bytes[at] as number;
        if (byte === TAB) break;
        if (!isWanted) continue;
        first = Math.imul(first ^ byte, 0x01000193);
        second = Math.imul(second ^ byte, 0x85ebca6b);
        second ^= second >>> 13;
      }
      if (!isWanted) continue;
      first = Math.imul(first ^ TAB, 0x01000193);
      second = Math.imul(second ^ TAB, 0x85ebca6b);
    }
    this.first = first;
    this.second = second | 0;
    return this;
  }
}

const TAB = 0x09;
