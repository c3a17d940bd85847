/**
 * The log's tiles as of one checkpoint, each checked against the tree above it before it is used. The right edge (at
 * most one partial tile per level) gives the root and is compared with the checkpoint once; every full tile hashes to an
 * entry of its parent, up to that edge. Checked full tiles never change, so views of one log share a cache of them.
 */
import { type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  Frontier,
  formatTilePath,
  HASH_BYTES,
  type HashReader,
  ledgerError,
  type ReadTile,
  TILE_WIDTH,
  type TileWrite,
  tileReader,
  tileWidth,
  treeHash,
} from "@anamnesis/ledger";
import { tileRow } from "./schema.ts";
import { damaged } from "./sqlite.ts";

/** Full tiles kept in memory: 8 KiB each. */
const CACHED_TILES_MAX = 1024;

export class TileCache {
  readonly #tiles = new Map<number, Uint8Array>();

  get(level: number, index: number): Uint8Array | undefined {
    return this.#tiles.get(tileRow(level, index));
  }

  put(level: number, index: number, data: Uint8Array): void {
    if (this.#tiles.size >= CACHED_TILES_MAX) this.#tiles.clear();
    this.#tiles.set(tileRow(level, index), data);
  }
}

export class TreeView {
  readonly #p: Primitives;
  readonly #read: ReadTile;
  readonly #cache: TileCache;
  readonly #edge: ReadonlyMap<number, Uint8Array>;
  readonly size: number;
  readonly frontier: Frontier;
  /** Tile data by level and index, checked, cut to the width it has at this size. */
  readonly tile: ReadTile;

  private constructor(
    p: Primitives,
    read: ReadTile,
    cache: TileCache,
    edge: Map<number, Uint8Array>,
    frontier: Frontier,
  ) {
    this.#p = p;
    this.#read = read;
    this.#cache = cache;
    this.#edge = edge;
    this.size = frontier.size;
    this.frontier = frontier;
    this.tile = (level, index) => this.#tile(level, index);
  }

  /** @throws AnamnesisError `ledger/damaged-store` when the tiles' right edge does not give the root. */
  static open(p: Primitives, read: ReadTile, cache: TileCache, checkpoint: { size: number; root: Bytes }): TreeView {
    const { size, root } = checkpoint;
    const edge = new Map<number, Uint8Array>();
    for (let level = 0, width = size; width > 0; level++, width = Math.floor(width / TILE_WIDTH)) {
      const index = Math.floor(width / TILE_WIDTH);
      const bytes = (width % TILE_WIDTH) * HASH_BYTES;
      const data = bytes === 0 ? undefined : read(level, index);
      if (data !== undefined && data.length >= bytes) edge.set(tileRow(level, index), data.slice(0, bytes));
    }
    const frontier = Frontier.read(
      p,
      tileReader(p, (level, index) => edge.get(tileRow(level, index)), size),
      size,
    );
    if (!equal(frontier.root(), root)) throw damaged("the tiles do not give the root of the newest checkpoint");
    return new TreeView(p, read, cache, edge, frontier);
  }

  /** The view after an append that this process computed itself. */
  grown(writes: readonly TileWrite[], frontier: Frontier): TreeView {
    const edge = new Map<number, Uint8Array>();
    for (const [row, data] of this.#edge) edge.set(row, data);
    for (const { level, index, data } of writes) {
      edge.delete(tileRow(level, index));
      if (tileWidth(level, index, frontier.size) < TILE_WIDTH) edge.set(tileRow(level, index), data);
    }
    return new TreeView(this.#p, this.#read, this.#cache, edge, frontier);
  }

  /** Perfect subtrees of the tree of `size` leaves (at most this view's), for proofs. */
  hashes(size: number): HashReader {
    return tileReader(this.#p, this.tile, size);
  }

  #tile(level: number, index: number): Uint8Array | undefined {
    const width = tileWidth(level, index, this.size);
    if (width === 0) return undefined;
    if (width < TILE_WIDTH) return this.#edge.get(tileRow(level, index));
    const known = this.#cache.get(level, index);
    if (known !== undefined) return known;
    const data = this.#read(level, index);
    const parent = this.#tile(level + 1, Math.floor(index / TILE_WIDTH));
    const slot = (index % TILE_WIDTH) * HASH_BYTES;
    const expected = parent?.subarray(slot, slot + HASH_BYTES);
    const whole = data !== undefined && data.length === TILE_WIDTH * HASH_BYTES;
    if (!whole || expected === undefined || !equal(treeHash(this.#p, data), expected)) {
      throw damagedTile(formatTilePath({ level, index, width }), data === undefined);
    }
    this.#cache.put(level, index, data);
    return data;
  }
}

export function damagedTile(path: string, missing = false) {
  const why = missing ? "is missing" : "does not fit the tree above it";
  return ledgerError("ledger/damaged-tile", `${path} ${why}: restore the ledger from a copy`, { path });
}
