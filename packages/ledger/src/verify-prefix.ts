/** Whether a log continues a checkpoint seen before, from the tiles that pass by while the whole log is checked. */
import { type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { Frontier } from "./merkle.ts";
import { parseTilePath, TILE_WIDTH } from "./tile-path.ts";
import { tileReader } from "./tiles.ts";

export class PrefixRoot {
  readonly #p: Primitives;
  readonly #seen: { readonly size: number; readonly root: Bytes };
  /** Tiles on the older tree's right edge, by `level/index`; they may have grown since. */
  readonly #edge = new Map<string, Uint8Array | undefined>();

  constructor(p: Primitives, seen: { readonly size: number; readonly root: Bytes }) {
    this.#p = p;
    this.#seen = seen;
    for (let level = 0, width = seen.size; width > 0; level++, width = Math.floor(width / TILE_WIDTH)) {
      if (width % TILE_WIDTH !== 0) this.#edge.set(`${level}/${Math.floor(width / TILE_WIDTH)}`, undefined);
    }
  }

  /** A tile as it was fetched; the walk over the log checks it. */
  saw(path: string, data: Bytes): void {
    const { level, index } = parseTilePath(path);
    const key = `${level}/${index}`;
    if (this.#edge.has(key)) this.#edge.set(key, data.slice());
  }

  fits(): boolean {
    const { size, root } = this.#seen;
    for (const data of this.#edge.values()) if (data === undefined) return false;
    const read = (level: number, index: number) => this.#edge.get(`${level}/${index}`);
    return equal(Frontier.read(this.#p, tileReader(this.#p, read, size), size).root(), root);
  }
}
