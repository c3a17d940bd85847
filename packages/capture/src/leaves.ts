/**
 * Leaves of a batch, one behind the other in one piece of memory. Thousands of them wait until they are final; as arrays of
 * their own they would be copied, and then looked for, by every collection of garbage meanwhile.
 */
import { LIMITS, type PackedAttachments } from "@anamnesis/ledger";

export class Leaves implements Iterable<Uint8Array> {
  readonly packed: PackedAttachments;

  constructor(packed: PackedAttachments) {
    this.packed = packed;
  }

  get length(): number {
    return this.packed.ends.length;
  }

  /** Views, made anew each time. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    const { bytes, ends } = this.packed;
    let from = 0;
    for (const end of ends) {
      yield new Uint8Array(bytes.buffer, bytes.byteOffset + from, end - from);
      from = end;
    }
  }
}

/** Collects the leaves of one batch after the other, in memory that it uses again. */
export class LeafCollector {
  readonly #bytes = new Uint8Array(LIMITS.batchBytes);
  readonly #ends = new Uint32Array(LIMITS.batchEvents);
  #used = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  /** Whether there is room for so many more leaves, of so many bytes together. */
  hasRoom(leaves: number, bytes: number): boolean {
    return this.#count + leaves <= this.#ends.length && this.#used + bytes <= this.#bytes.length;
  }

  /** Copies a leaf that fits. */
  add(leaf: Uint8Array): void {
    this.#bytes.set(leaf, this.#used);
    this.#used += leaf.length;
    this.#ends[this.#count++] = this.#used;
  }

  /** What was collected, as a copy; begins anew. */
  take(): Leaves {
    const leaves = new Leaves({ bytes: this.#bytes.slice(0, this.#used), ends: this.#ends.slice(0, this.#count) });
    this.clear();
    return leaves;
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
  }
}
