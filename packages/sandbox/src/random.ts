/**
 * Repeatable chance: sfc32 (C. Doty-Humphrey, "small fast counting", from PractRand), seeded by a text.
 * Not for secrets. Two streams with different labels are independent, so one table's rows never depend on another's.
 */
export class Rng {
  readonly #label: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(label: string) {
    this.#label = label;
    this.#a = fnv1a(label, 0x811c9dc5);
    this.#b = fnv1a(label, 0x9e3779b9);
    this.#c = fnv1a(label, 0x85ebca6b);
    for (let i = 0; i < 15; i++) this.uint32(); // the author's advice: let the seed spread
  }

  /** A stream of its own; the same label gives the same stream, wherever this one stands. */
  fork(label: string | number): Rng {
    return new Rng(`${this.#label}/${label}`);
  }

  uint32(): number {
    const out = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0;
    return out >>> 0;
  }

  /** An integer of [0, below), every one equally likely; `below` is a whole number from 1 to 2^32. */
  int(below: number): number {
    if (!(below >= 1 && below <= 2 ** 32)) throw new RangeError(`no whole number below ${below}`);
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % below;
    }
  }

  /** An integer of [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.int(list.length)];
    if (found === undefined) throw new RangeError("pick from an empty list");
    return found;
  }

  /** A new list in another order (Fisher and Yates). */
  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const [x, y] = [out[i], out[j]];
      if (x !== undefined && y !== undefined) [out[i], out[j]] = [y, x];
    }
    return out;
  }

  hex(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) text += this.int(256).toString(16).padStart(2, "0");
    return text;
  }
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
