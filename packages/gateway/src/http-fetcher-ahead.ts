/** Fetching a log in order with several requests on their way: the next tiles are asked for while the last ones are worked on. */
import { formatTilePath, parseTilePath, TILE_WIDTH, tileWidth } from "@anamnesis/ledger";

type FetchTile = (path: string) => Promise<Uint8Array | undefined>;

const AHEAD = 8;

/** Only what lies in a log of `size` leaves is asked for ahead; what is not taken is forgotten. */
export class Ahead {
  readonly #fetch: FetchTile;
  readonly #size: number;
  readonly #coming = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(fetch: FetchTile, size: number) {
    this.#fetch = fetch;
    this.#size = size;
  }

  readonly tile: FetchTile = (path) => {
    const { level, index } = parseTilePath(path);
    if (level === "entries" || level === 0) for (let i = 0; i < AHEAD; i++) this.#start(level, index + i);
    const coming = this.#coming.get(path) ?? this.#fetch(path);
    // Tiles of the right edge are asked for more than once.
    if (!path.includes(".p/")) this.#coming.delete(path);
    return coming;
  };

  #start(level: 0 | "entries", index: number): void {
    const width = tileWidth(0, index, this.#size);
    if (width === 0) return;
    const path = formatTilePath({ level, index, width });
    if (this.#coming.has(path) || (width < TILE_WIDTH && this.#coming.size > 2 * AHEAD)) return;
    const coming = this.#fetch(path);
    // Whoever takes it sees the failure; one that nobody takes must not end the process.
    coming.catch(() => undefined);
    this.#coming.set(path, coming);
    const [oldest] = this.#coming.keys();
    if (this.#coming.size > 4 * AHEAD && oldest !== undefined) this.#coming.delete(oldest);
  }
}
