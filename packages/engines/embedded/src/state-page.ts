/** One page of the state tree in memory: what was stored, and upon it what changes. */
import type { Bytes } from "@anamnesis/core";
import { damaged } from "./sqlite.ts";

const NODE_BYTES = 65;
/** Nodes of four levels: the topmost one, then each level from left to right. */
export const SLOTS = 15;

/**
 * Stored form: two bytes that say which slots are filled (the highest bit is slot 0), then their nodes. Nodes are views of it, so
 * that reading a page makes no copies.
 */
export class StatePage {
  readonly #stored: Bytes | undefined;
  readonly #filled: number;
  /** By slot; only those in `#set` count. */
  readonly #nodes: (Uint8Array | undefined)[] = [];
  #set = 0;

  /**
   * What the nodes say is for the reader to check against the root.
   * @param stored none for a new page
   * @throws AnamnesisError `ledger/damaged-store` when it is not the form of a page
   */
  constructor(stored?: Bytes) {
    this.#stored = stored;
    this.#filled = ((stored?.[0] ?? 0) << 8) | (stored?.[1] ?? 0);
    const length = 2 + NODE_BYTES * countBits(this.#filled);
    const fits = this.#filled !== 0 && (this.#filled & 1) === 0 && stored?.length === length;
    if (stored !== undefined && !fits) throw damaged("a page of the state tree is cut or altered");
  }

  get changed(): boolean {
    return this.#set !== 0;
  }

  get(slot: number): Uint8Array | undefined {
    const bit = 0x8000 >> slot;
    if ((this.#set & bit) !== 0) return this.#nodes[slot];
    if ((this.#filled & bit) === 0) return undefined;
    const at = 2 + NODE_BYTES * countBits(this.#filled >> (16 - slot));
    return this.#stored?.subarray(at, at + NODE_BYTES);
  }

  set(slot: number, node: Uint8Array | undefined): void {
    this.#set |= 0x8000 >> slot;
    this.#nodes[slot] = node;
  }

  /** `undefined` when no node is left. */
  encode(): Uint8Array | undefined {
    const page = new Uint8Array(2 + SLOTS * NODE_BYTES);
    let filled = 0;
    let end = 2;
    for (let slot = 0; slot < SLOTS; slot++) {
      const node = this.get(slot);
      if (node === undefined) continue;
      filled |= 0x8000 >> slot;
      page.set(node, end);
      end += NODE_BYTES;
    }
    page[0] = filled >> 8;
    page[1] = filled & 255;
    return filled === 0 ? undefined : page.subarray(0, end);
  }
}

/** Ones among the lowest 16 bits. */
function countBits(bits: number): number {
  const pairs = bits - ((bits >> 1) & 0x5555);
  const fours = (pairs & 0x3333) + ((pairs >> 2) & 0x3333);
  const eights = (fours + (fours >> 4)) & 0x0f0f;
  return (eights + (eights >> 8)) & 31;
}
