/** Reading a ledger's file: every answer is checked against the newest checkpoint before it is given out. */
import { type Bytes, invariant } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  consistencyPath,
  encodeBundle,
  Frontier,
  type Genesis,
  HASH_BYTES,
  inclusionPath,
  type LogReader,
  type ProvedValue,
  parseTilePath,
  type Receipt,
  type SignedCheckpoint,
  TILE_WIDTH,
  type TileId,
  tileWidth,
} from "@anamnesis/ledger";
import { type Anchor, readLeaves } from "./anchor.ts";
import { checkReceipt } from "./receipts.ts";
import { provedValue } from "./state.ts";
import type { Store } from "./store.ts";

/** Where the newest anchor comes from: memory in the writing process, the file in any other. */
export type AnchorSource = () => Anchor;

export class StoreReader implements LogReader {
  readonly genesis: Genesis;
  readonly #p: Primitives;
  readonly #store: Store;
  readonly #anchor: AnchorSource;

  constructor(p: Primitives, store: Store, genesis: Genesis, anchor: AnchorSource) {
    this.genesis = genesis;
    this.#p = p;
    this.#store = store;
    this.#anchor = anchor;
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    return this.#anchor().checkpoint;
  }

  async *leaves(from: number, to: number): AsyncGenerator<{ readonly index: number; readonly leaf: Uint8Array }> {
    const { tree } = this.#anchor();
    requireRange(from, to, tree.size);
    for (let at = from; at < to; ) {
      const bundle = Math.floor(at / TILE_WIDTH);
      const leaves = readLeaves(this.#p, this.#store, tree, bundle);
      for (const end = Math.min(to, (bundle + 1) * TILE_WIDTH); at < end; at++) {
        const leaf = leaves[at % TILE_WIDTH];
        invariant(leaf !== undefined, "a bundle as wide as its tile");
        yield { index: at, leaf };
      }
    }
  }

  async inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    const { tree } = this.#anchor();
    requireRange(index, size, tree.size);
    if (index === size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
    return inclusionPath(this.#p, tree.hashes(size), index, size);
  }

  async consistency(older: number, newer: number): Promise<readonly Uint8Array[]> {
    const { tree } = this.#anchor();
    requireRange(older, newer, tree.size);
    return consistencyPath(this.#p, tree.hashes(newer), older, newer);
  }

  /** Root of the first `size` leaves. @throws RangeError when there are fewer */
  rootAt(size: number): Uint8Array {
    const { tree } = this.#anchor();
    requireRange(size, size, tree.size);
    return Frontier.read(this.#p, tree.hashes(size), size).root();
  }

  async tile(path: string): Promise<Uint8Array | undefined> {
    const id = tileId(path);
    if (id === undefined) return undefined;
    const { tree } = this.#anchor();
    const { level, index, width } = id;
    if (width > tileWidth(level === "entries" ? 0 : level, index, tree.size)) return undefined;
    if (level !== "entries") return tree.tile(level, index)?.slice(0, width * HASH_BYTES);
    return encodeBundle(readLeaves(this.#p, this.#store, tree, index).slice(0, width));
  }

  async read(key: string): Promise<ProvedValue> {
    return this.#store.snapshot(() => {
      const { block, checkpoint, tree, blockLeaf, stateRoot } = this.#anchor();
      const blockIndex = block.size - 1;
      const inclusion = inclusionPath(this.#p, tree.hashes(block.size), blockIndex, block.size);
      return { ...provedValue(this.#p, this.#store, stateRoot, key), blockLeaf, blockIndex, inclusion, checkpoint };
    });
  }

  /** @throws AnamnesisError `ledger/damaged-store` when the row contradicts the log. */
  receipt(id: Bytes): Receipt | undefined {
    const receipt = this.#store.receipt(id);
    if (receipt === undefined) return undefined;
    // Its tag is all there is to go by: the same transaction must get the same answer, and never be executed again.
    if (receipt.index < this.#store.pruned()) return receipt;
    const { tree } = this.#anchor();
    const leaves = readLeaves(this.#p, this.#store, tree, Math.floor(receipt.index / TILE_WIDTH));
    checkReceipt(this.#p, receipt, leaves[receipt.index % TILE_WIDTH]);
    return receipt;
  }
}

function tileId(path: string): TileId | undefined {
  try {
    return parseTilePath(path);
  } catch {
    return undefined;
  }
}

function requireRange(from: number, to: number, size: number): void {
  const fits = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to && to <= size;
  if (!fits) throw new RangeError(`[${from}, ${to}) is not a part of the log's ${size} leaves`);
}
