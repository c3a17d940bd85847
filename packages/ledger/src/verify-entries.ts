/**
 * Every leaf of a log in order, streamed out of tiles that nobody vouches for: the right edge must give the checkpoint's
 * root, each full tile must hash to its entry in the tile above, each leaf to its entry in the tile below it. Memory: one
 * full tile per level, the right edge, one bundle.
 */
import { AnamnesisError, type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { decodeBundle } from "./bundle.ts";
import { ledgerError } from "./errors.ts";
import { Frontier, HASH_BYTES, hashAt, leafHashes, treeHash } from "./merkle.ts";
import { formatTilePath, TILE_WIDTH } from "./tile-path.ts";
import { levelWidth, tileReader, tileWidth } from "./tiles.ts";

export type FetchTile = (path: string) => Promise<Uint8Array | undefined>;

/** @throws AnamnesisError `ledger/damaged-tile` with the path, at the first leaf or tile that does not fit. */
export async function* checkedEntries(
  p: Primitives,
  fetch: FetchTile,
  tree: { readonly size: number; readonly root: Bytes },
): AsyncGenerator<{ readonly index: number; readonly leaf: Uint8Array }> {
  const tiles = await CheckedTiles.open(p, fetch, tree);
  for (let bundle = 0; bundle * TILE_WIDTH < tree.size; bundle++) {
    const path = formatTilePath({ level: "entries", index: bundle, width: tileWidth(0, bundle, tree.size) });
    const hashes = await tiles.tile(0, bundle);
    const leaves = entriesOf(await fetch(path), path);
    if (!equal(leafHashes(p, leaves), hashes)) throw damaged(path, "does not fit the hashes of its leaves");
    for (const [i, leaf] of leaves.entries()) yield { index: bundle * TILE_WIDTH + i, leaf };
  }
}

class CheckedTiles {
  readonly #p: Primitives;
  readonly #fetch: FetchTile;
  readonly #size: number;
  /** The newest full tile of each level. */
  readonly #newest: { readonly index: number; readonly data: Uint8Array }[] = [];
  readonly #edge: readonly (Uint8Array | undefined)[];

  private constructor(p: Primitives, fetch: FetchTile, size: number, edge: readonly (Uint8Array | undefined)[]) {
    this.#p = p;
    this.#fetch = fetch;
    this.#size = size;
    this.#edge = edge;
  }

  static async open(p: Primitives, fetch: FetchTile, tree: { readonly size: number; readonly root: Bytes }) {
    const { size, root } = tree;
    const edge: (Uint8Array | undefined)[] = [];
    for (let level = 0; levelWidth(level, size) > 0; level++) {
      const index = Math.floor(levelWidth(level, size) / TILE_WIDTH);
      const width = tileWidth(level, index, size);
      edge.push(width === 0 ? undefined : await fetchExact(fetch, level, index, width));
    }
    const frontier = Frontier.read(
      p,
      tileReader(p, (level) => edge[level], size),
      size,
    );
    if (!equal(frontier.root(), root)) throw damaged("tile", "the right edge does not give the checkpoint's root");
    return new CheckedTiles(p, fetch, size, edge);
  }

  async tile(level: number, index: number): Promise<Uint8Array> {
    const width = tileWidth(level, index, this.#size);
    if (width < TILE_WIDTH) return this.#edge[level] ?? new Uint8Array(0);
    const kept = this.#newest[level];
    if (kept?.index === index) return kept.data;
    const above = await this.tile(level + 1, Math.floor(index / TILE_WIDTH));
    const data = await fetchExact(this.#fetch, level, index, width);
    if (!equal(treeHash(this.#p, data), hashAt(above, index % TILE_WIDTH))) {
      throw damaged(formatTilePath({ level, index, width }), "does not fit the tile above it");
    }
    this.#newest[level] = { index, data };
    return data;
  }
}

async function fetchExact(fetch: FetchTile, level: number, index: number, width: number): Promise<Uint8Array> {
  const path = formatTilePath({ level, index, width });
  const data = await fetch(path);
  if (data?.length === width * HASH_BYTES) return data;
  throw damaged(path, data === undefined ? "is missing" : "has a wrong length");
}

function entriesOf(data: Bytes | undefined, path: string): Uint8Array[] {
  if (data === undefined) throw damaged(path, "is missing");
  try {
    return decodeBundle(data);
  } catch (cause) {
    if (cause instanceof AnamnesisError) throw damaged(path, cause.message);
    throw cause;
  }
}

function damaged(path: string, why: string) {
  return ledgerError("ledger/damaged-tile", `${path} ${why}`, { path });
}
