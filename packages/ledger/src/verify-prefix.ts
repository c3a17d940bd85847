/** Whether a log continues a checkpoint seen before, from the tiles that pass by while the whole log is checked. */
import { type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { Frontier, HASH_BYTES } from "./merkle.ts";
import { formatTilePath, parseTilePath, TILE_WIDTH } from "./tile-path.ts";
import { tileReader, tileWidth } from "./tiles.ts";

export class PrefixRoot {
  readonly #p: Primitives;
  readonly #seen: { readonly size: number; readonly root: Bytes };
  /** Tiles on the older tree's right edge; by name without width. */
  readonly #edge = new Map<string, Uint8Array | undefined>();

  constructor(p: Primitives, seen: { readonly size: number; readonly root: Bytes }, size: number) {
    this.#p = p;
    this.#seen = seen;
    for (let level = 0, width = seen.size; width > 0; level++, width = Math.floor(width / TILE_WIDTH)) {
      const index = Math.floor(width / TILE_WIDTH);
      if (width % TILE_WIDTH !== 0) this.#edge.set(nameOf(level, index, tileWidth(level, index, size)), undefined);
    }
  }

  saw(path: string, data: Bytes): void {
    if (this.#edge.size > 0 && this.#edge.has(path)) this.#edge.set(path, data.slice());
  }

  fits(): boolean {
    const { size, root } = this.#seen;
    const tiles = new Map([...this.#edge].map(([path, data]) => [keyOf(path), data]));
    const read = (level: number, index: number) => tiles.get(`${level}/${index}`);
    for (const data of tiles.values()) if (data === undefined || data.length % HASH_BYTES !== 0) return false;
    return equal(Frontier.read(this.#p, tileReader(this.#p, read, size), size).root(), root);
  }
}

const nameOf = (level: number, index: number, width: number): string => formatTilePath({ level, index, width });

function keyOf(path: string): string {
  const { level, index } = parseTilePath(path);
  return `${level}/${index}`;
}
