/**
 * The Merkle tree cut into tiles of 256 hashes (C2SP tlog-tiles). Tile (l, n) holds the roots of the subtrees of 256^l
 * leaves number 256·n … 256·n + 255; only the rightmost tile of a level is shorter. Hashes between two tile levels are
 * computed from the lower one when somebody asks.
 */
import { type Bytes, invariant } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { countHashes, Frontier, HASH_BYTES, type HashReader, hashAt, isSize, treeHash } from "./merkle-tree.ts";
import { formatTilePath, TILE_WIDTH } from "./tile-path.ts";

export * from "./bundle.ts";
export * from "./tile-path.ts";

/** Tile data as the store has it: `width · 32` bytes, or `undefined` where there is none. */
export type ReadTile = (level: number, index: number) => Uint8Array | undefined;

/** A tile as it stands after an append: replaces the shorter one under the same (level, index). */
export interface TileWrite {
  readonly level: number;
  readonly index: number;
  readonly data: Uint8Array;
}

export interface Appended {
  /** Each touched tile once, by level, then index. */
  readonly writes: readonly TileWrite[];
  readonly size: number;
  readonly root: Uint8Array;
  /** Hand it to the next append of the same log: it saves re-reading the right edge. */
  readonly frontier: Frontier;
}

/** Hashes that the tile level `level` of a log of `size` leaves holds. */
export const levelWidth = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

/** Width of tile (level, index) in a log of `size` leaves: 0 when it does not exist. */
export function tileWidth(level: number, index: number, size: number): number {
  return Math.min(Math.max(levelWidth(level, size) - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/**
 * Appends leaf hashes (packed) to a log of `size` leaves. Pure: nothing is stored, so a failed commit needs no undoing.
 * Costs about one node hash per leaf; `read` is asked for the partial tiles of the right edge only.
 *
 * @param frontier what the previous append returned; read from the tiles when left out
 * @throws AnamnesisError `ledger/damaged-store` when a tile of the right edge is missing or of wrong length
 */
export function appendTiles(
  p: Primitives,
  read: ReadTile,
  size: number,
  newLeafHashes: Bytes,
  frontier?: Frontier,
): Appended {
  invariant(isSize(size) && (frontier === undefined || frontier.size === size), "the frontier of this size");
  const edge = frontier?.clone() ?? Frontier.read(p, tileReader(p, read, size), size);
  const added = countHashes(newLeafHashes);
  const levels = [new GrowingLevel(read, 0, size, size + added)];
  const full = (level: number, hash: Bytes) => {
    let target = levels[level];
    if (target === undefined) {
      target = new GrowingLevel(read, level, size, size + added);
      levels[level] = target;
    }
    target.push(hash, 0);
  };
  for (let i = 0; i < added; i++) {
    levels[0]?.push(newLeafHashes, i * HASH_BYTES);
  }
  edge.appendAll(newLeafHashes, full);
  return { writes: levels.flatMap((l) => l.writes), size: edge.size, root: edge.root(), frontier: edge };
}

/** The tiles of one level that an append fills: the old partial one first. */
class GrowingLevel {
  readonly writes: TileWrite[] = [];
  readonly #read: ReadTile;
  readonly #level: number;
  readonly #oldSize: number;
  readonly #newSize: number;
  #next: number;
  #data: Uint8Array = new Uint8Array(0);

  constructor(read: ReadTile, level: number, oldSize: number, newSize: number) {
    this.#read = read;
    this.#level = level;
    this.#oldSize = oldSize;
    this.#newSize = newSize;
    this.#next = levelWidth(level, oldSize);
  }

  push(hashes: Bytes, from: number): void {
    const slot = this.#next % TILE_WIDTH;
    if (slot === 0 || this.writes.length === 0) this.#open((this.#next - slot) / TILE_WIDTH);
    const at = slot * HASH_BYTES;
    for (let i = 0; i < HASH_BYTES; i++) this.#data[at + i] = hashes[from + i] as number;
    this.#next++;
  }

  #open(index: number): void {
    const data = new Uint8Array(tileWidth(this.#level, index, this.#newSize) * HASH_BYTES);
    const before = tileWidth(this.#level, index, this.#oldSize);
    if (before > 0) data.set(readExact(this.#read, this.#level, index, before));
    this.#data = data;
    this.writes.push({ level: this.#level, index, data });
  }
}

/** A tile's first `width` hashes; a longer tile (from a later size) has the same beginning. */
function readExact(read: ReadTile, level: number, index: number, width: number): Uint8Array {
  const data = read(level, index);
  if (data !== undefined && data.length >= width * HASH_BYTES && data.length % HASH_BYTES === 0) {
    return data.subarray(0, width * HASH_BYTES);
  }
  const path = formatTilePath({ level, index, width });
  throw ledgerError("ledger/damaged-store", `${path} is ${data === undefined ? "missing" : "of a wrong length"}`, {
    path,
  });
}

/**
 * Perfect-subtree hashes out of tiles, for proofs over a log of `size` leaves.
 * @throws AnamnesisError `ledger/damaged-store` from `hash` when a tile is missing or of wrong length
 */
export function tileReader(p: Primitives, getTile: ReadTile, size: number): HashReader {
  return {
    hash(level, index) {
      const tileLevel = Math.floor(level / 8);
      const span = 2 ** (level % 8);
      const first = index * span;
      const tile = Math.floor(first / TILE_WIDTH);
      const data = readExact(getTile, tileLevel, tile, tileWidth(tileLevel, tile, size));
      const slot = first % TILE_WIDTH;
      invariant((slot + span) * HASH_BYTES <= data.length, "a complete subtree of the log");
      if (span === 1) return hashAt(data, slot).slice();
      return treeHash(p, data.subarray(slot * HASH_BYTES, (slot + span) * HASH_BYTES));
    },
  };
}
