/**
 * Slots in memory, with the row that each one holds: open addressing over arrays of numbers. A `Map` of so many numbers beyond
 * 31 bits takes several times the memory, and the garbage collector goes through it again and again.
 */

export const SLOT_BITS = 52;
const FIRST_BITS = 12;
const FREE = -1;

export class SlotTable {
  #slots = new Float64Array(0);
  #ids = new Float64Array(0);
  /** A slot's place is its highest bits, so that going through the table meets them nearly in order. */
  #perPlace = 0;
  #size = 0;

  constructor() {
    this.clear();
  }

  get size(): number {
    return this.#size;
  }

  get(slot: number): number | undefined {
    const at = this.#find(slot);
    return this.#slots[at] === FREE ? undefined : this.#ids[at];
  }

  /** Takes a slot that is not in the table. */
  add(slot: number, id: number): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    this.#put(slot, id);
    this.#size++;
  }

  clear(): void {
    this.#allocate(FIRST_BITS);
    this.#size = 0;
  }

  *entries(): Generator<[slot: number, id: number]> {
    for (let at = 0; at < this.#slots.length; at++) {
      const slot = this.#slots[at] as number;
      if (slot !== FREE) yield [slot, this.#ids[at] as number];
    }
  }

  #grow(): void {
    const [slots, ids] = [this.#slots, this.#ids];
    this.#allocate(Math.log2(slots.length) + 1);
    for (let at = 0; at < slots.length; at++) {
      if (slots[at] !== FREE) this.#put(slots[at] as number, ids[at] as number);
    }
  }

  #put(slot: number, id: number): void {
    const at = this.#find(slot);
    this.#slots[at] = slot;
    this.#ids[at] = id;
  }

  /** Where the slot is, or the free place where it belongs. */
  #find(slot: number): number {
    const last = this.#slots.length - 1;
    let at = Math.floor(slot / this.#perPlace);
    for (let found = this.#slots[at]; found !== slot && found !== FREE; found = this.#slots[at]) at = (at + 1) & last;
    return at;
  }

  #allocate(bits: number): void {
    this.#slots = new Float64Array(2 ** bits).fill(FREE);
    this.#ids = new Float64Array(2 ** bits);
    this.#perPlace = 2 ** (SLOT_BITS - bits);
  }
}
