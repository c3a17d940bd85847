/** Which rows were met: a bit per row, or a counter where equal rows may occur more than once. Grown by the piece. */

const BITS = 65_536;
const COUNTERS = 16_384;

export class SeenSet {
  readonly #pieces: (Uint8Array | undefined)[] = [];

  /** Marks a row; false when it was marked before. */
  add(id: number): boolean {
    const piece = Math.floor(id / BITS);
    const bits = (this.#pieces[piece] ??= new Uint8Array(BITS / 8));
    const at = (id % BITS) >> 3;
    const mask = 1 << (id & 7);
    const before = bits[at] ?? 0;
    bits[at] = before | mask;
    return (before & mask) === 0;
  }

  has(id: number): boolean {
    const bits = this.#pieces[Math.floor(id / BITS)];
    return bits !== undefined && ((bits[(id % BITS) >> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }
}

export class SeenCounts {
  readonly #pieces: (Uint32Array | undefined)[] = [];

  add(id: number): void {
    const counts = (this.#pieces[Math.floor(id / COUNTERS)] ??= new Uint32Array(COUNTERS));
    counts[id % COUNTERS] = (counts[id % COUNTERS] ?? 0) + 1;
  }

  of(id: number): number {
    return this.#pieces[Math.floor(id / COUNTERS)]?.[id % COUNTERS] ?? 0;
  }
}
