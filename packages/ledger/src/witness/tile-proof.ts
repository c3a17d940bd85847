/** Proofs out of tiles that must be fetched first: over HTTP, or from files. Nothing here is checked against a root; who uses a proof does. */
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "../errors.ts";
import { consistencyPath, Frontier, HASH_BYTES, type HashReader } from "../merkle.ts";
import { formatTilePath, TILE_WIDTH } from "../tile-path.ts";
import { tileReader, tileWidth } from "../tiles.ts";
import type { FetchTile } from "../tlog-reader.ts";

/** Tiles that one proof can need: the two edges of at most seven levels, with room. */
const TILES_MAX = 64;

/** Consistency proof (RFC 6962 §2.1.2) between two sizes of a log that has at least `newer` leaves. @throws as `fromTiles` */
export const consistencyFromTiles = (
  p: Primitives,
  tile: FetchTile,
  older: number,
  newer: number,
): Promise<Uint8Array[]> => fromTiles(p, tile, newer, (reader) => consistencyPath(p, reader, older, newer));

/** Root of the first `older` leaves of a log that has at least `newer`. @throws as `fromTiles` */
export const rootFromTiles = (p: Primitives, tile: FetchTile, older: number, newer: number): Promise<Uint8Array> =>
  fromTiles(p, tile, newer, (reader) => Frontier.read(p, reader, older).root());

/**
 * Computes something from the hashes of a log of `size` leaves, fetching each tile when it is first asked for.
 * @throws AnamnesisError `ledger/damaged-tile` for a tile that is missing or of a wrong length; what `tile` throws
 */
export async function fromTiles<T>(
  p: Primitives,
  tile: FetchTile,
  size: number,
  compute: (reader: HashReader) => T,
): Promise<T> {
  const got = new Map<string, Uint8Array>();
  for (let round = 0; round < TILES_MAX; round++) {
    const { value, wanted } = attempt(p, got, size, compute);
    if (wanted === undefined) return value as T;
    got.set(wanted, await fetchTile(tile, wanted));
  }
  throw ledgerError("ledger/damaged-tile", "a proof would need more tiles than any log has on its edges");
}

/** Tells an end without a tile from one without a value: `value` is there whenever `wanted` is not. */
function attempt<T>(
  p: Primitives,
  got: ReadonlyMap<string, Uint8Array>,
  size: number,
  compute: (reader: HashReader) => T,
): { readonly value?: T; readonly wanted?: string } {
  let wanted: string | undefined;
  const read = (level: number, index: number) => {
    const path = formatTilePath({ level, index, width: tileWidth(level, index, size) });
    const data = got.get(path);
    if (data === undefined) wanted ??= path;
    return data;
  };
  try {
    return { value: compute(tileReader(p, read, size)) };
  } catch (error) {
    if (wanted === undefined) throw error;
    return { wanted };
  }
}

/** A log that has grown may keep the full tile only: its beginning is the partial one. */
async function fetchTile(tile: FetchTile, path: string): Promise<Uint8Array> {
  const cut = path.indexOf(".p/");
  const bytes = (cut < 0 ? TILE_WIDTH : Number(path.slice(cut + 3))) * HASH_BYTES;
  const data = (await tile(path)) ?? (cut < 0 ? undefined : await tile(path.slice(0, cut)));
  if (data !== undefined && data.length >= bytes) return data.subarray(0, bytes);
  const why = data === undefined ? "is missing" : "has a wrong length";
  throw ledgerError("ledger/damaged-tile", `${path} ${why}`, { path });
}
