/**
 * Reading a whole log that nobody vouches for, from files, HTTP or a store alike. The tiles of the right edge must give the
 * checkpoint's root; from there downwards each full tile must hash to its entry in the tile above it, and each leaf to
 * its entry in the tile below it. So a leaf is given out only after everything on its way to the root was checked.
 * Memory: one tile per level and one bundle.
 */
import { type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { decodeBundle } from "./bundle.ts";
import { ledgerError } from "./errors.ts";
import { countHashes, Frontier, HASH_BYTES, hashAt, leafHashes, treeHash } from "./merkle.ts";
import { formatTilePath, TILE_WIDTH } from "./tile-path.ts";
import { levelWidth, tileReader, tileWidth } from "./tiles.ts";

/** Bytes under a path such as `tile/0/x001/234.p/7` or `tile/entries/000`; `undefined` when the log has none there. */
export type FetchTile = (path: string) => Promise<Uint8Array | undefined>;

export interface LogEntry {
  readonly index: number;
  /** A view into its bundle: copy what outlives the iteration. */
  readonly leaf: Uint8Array;
}

/**
 * The leaves from `from` to the end of the checkpoint, in order. Only the tiles on their way are fetched.
 * @throws AnamnesisError `ledger/damaged-tile` with the path in `details.path`, before anything wrong is given out; and what
 *   `fetch` throws
 */
export async function* readLog(
  p: Primitives,
  fetch: FetchTile,
  checkpoint: { readonly size: number; readonly root: Bytes },
  from = 0,
): AsyncGenerator<LogEntry, void, void> {
  const tiles = await LogTiles.open(p, fetch, checkpoint);
  const first = Math.floor(from / TILE_WIDTH);
  for (let index = first; index * TILE_WIDTH < checkpoint.size; index++) {
    const leaves = await tiles.leaves(index);
    const start = index * TILE_WIDTH;
    for (let i = Math.max(0, from - start); i < leaves.length; i++) {
      yield { index: start + i, leaf: leaves[i] ?? new Uint8Array(0) };
    }
  }
}

/**
 * The tiles of level 0 below leaf `to` (a multiple of 256), each with everything on its way to the root: for a log that has dropped
 * the leaves themselves. @throws AnamnesisError `ledger/damaged-tile`, and what `fetch` throws
 */
export async function checkTiles(
  p: Primitives,
  fetch: FetchTile,
  checkpoint: { readonly size: number; readonly root: Bytes },
  to: number,
  onTile: (index: number, hashes: Bytes) => void,
): Promise<void> {
  const tiles = await LogTiles.open(p, fetch, checkpoint);
  for (let index = 0; index * TILE_WIDTH < to; index++) {
    onTile(index, await tiles.hashes(index));
  }
}

class LogTiles {
  readonly #p: Primitives;
  readonly #fetch: FetchTile;
  readonly #size: number;
  /** Per level the partial tile at its end, checked; `undefined` where the level ends with a full tile. */
  readonly #edge: (Uint8Array | undefined)[] = [];
  /** Per level the full tile checked last: leaves come in order, so the next one mostly needs the same. */
  readonly #last: { readonly index: number; readonly data: Uint8Array }[] = [];

  private constructor(p: Primitives, fetch: FetchTile, size: number) {
    this.#p = p;
    this.#fetch = fetch;
    this.#size = size;
  }

  static async open(p: Primitives, fetch: FetchTile, { size, root }: { readonly size: number; readonly root: Bytes }) {
    const tiles = new LogTiles(p, fetch, size);
    for (let level = 0; levelWidth(level, size) > 0; level++) {
      const index = Math.floor(levelWidth(level, size) / TILE_WIDTH);
      tiles.#edge.push(tileWidth(level, index, size) === 0 ? undefined : await tiles.#hashes(level, index));
    }
    const reader = tileReader(p, (level) => tiles.#edge[level], size);
    if (!equal(Frontier.read(p, reader, size).root(), root)) throw await tiles.#blame();
    return tiles;
  }

  /** The hashes of a bundle's leaves, checked. */
  hashes(index: number): Promise<Uint8Array> {
    return this.#checked(0, index);
  }

  /** The leaves of a bundle, checked against their tile. */
  async leaves(index: number): Promise<readonly Uint8Array[]> {
    const [hashes, leaves] = await Promise.all([this.#checked(0, index), this.#entries(index)]);
    if (!equal(leafHashes(this.#p, leaves), hashes)) {
      throw damaged(this.#path("entries", index), "does not fit the hashes of its leaves");
    }
    return leaves;
  }

  async #checked(level: number, index: number): Promise<Uint8Array> {
    if (tileWidth(level, index, this.#size) < TILE_WIDTH) return this.#edge[level] ?? new Uint8Array(0);
    const last = this.#last[level];
    if (last?.index === index) return last.data;
    const above = await this.#checked(level + 1, Math.floor(index / TILE_WIDTH));
    const data = await this.#hashes(level, index);
    if (!equal(treeHash(this.#p, data), hashAt(above, index % TILE_WIDTH))) {
      throw damaged(this.#path(level, index), "does not fit the tile above it");
    }
    this.#last[level] = { index, data };
    return data;
  }

  async #hashes(level: number, index: number): Promise<Uint8Array> {
    const bytes = tileWidth(level, index, this.#size) * HASH_BYTES;
    const { data, full } = await this.#get(level, index);
    if (data.length !== (full ? TILE_WIDTH * HASH_BYTES : bytes)) {
      throw damaged(this.#path(level, index), "has a wrong length");
    }
    return data.subarray(0, bytes);
  }

  async #entries(index: number): Promise<readonly Uint8Array[]> {
    const { data } = await this.#get("entries", index);
    try {
      return decodeBundle(data).slice(0, tileWidth(0, index, this.#size));
    } catch (cause) {
      throw damaged(this.#path("entries", index), "is not an entry bundle", { cause });
    }
  }

  /** A log may drop a partial tile once the full one is there (tlog-tiles, "Partial Tiles"): that one does as well. */
  async #get(level: number | "entries", index: number): Promise<{ readonly data: Uint8Array; readonly full: boolean }> {
    const path = this.#path(level, index);
    const data = await this.#fetch(path);
    if (data !== undefined) return { data, full: !path.includes(".p/") };
    const later = path.includes(".p/") ? await this.#fetch(path.slice(0, path.indexOf(".p/"))) : undefined;
    if (later === undefined) throw damaged(path, "is missing");
    return { data: later, full: true };
  }

  #path(level: number | "entries", index: number): string {
    const width = tileWidth(level === "entries" ? 0 : level, index, this.#size);
    return formatTilePath({ level, index, width });
  }

  /** Some tile of the right edge is not the checkpoint's. The one that contradicts what lies below it is named. */
  async #blame() {
    for (const [level, data] of this.#edge.entries()) {
      const index = Math.floor(levelWidth(level, this.#size) / TILE_WIDTH);
      if (data !== undefined && !equal(await this.#below(level, index), data)) {
        return damaged(this.#path(level, index), "does not fit what lies below it");
      }
    }
    return damaged("checkpoint", "does not fit the log: tiles and leaves agree with each other but not with its root");
  }

  /** What a tile of the edge should hold, computed from the level below. */
  async #below(level: number, index: number): Promise<Uint8Array> {
    if (level === 0) return leafHashes(this.#p, await this.#entries(index));
    const out = new Uint8Array(tileWidth(level, index, this.#size) * HASH_BYTES);
    for (let i = 0; i < countHashes(out); i++) {
      out.set(treeHash(this.#p, await this.#hashes(level - 1, index * TILE_WIDTH + i)), i * HASH_BYTES);
    }
    return out;
  }
}

function damaged(path: string, why: string, options?: ErrorOptions) {
  return ledgerError("ledger/damaged-tile", `${path} ${why}`, { path }, options);
}
