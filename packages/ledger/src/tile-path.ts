/** Names of tiles and entry bundles (C2SP tlog-tiles): `tile/0/x001/234`, `tile/1/000.p/17`, `tile/entries/000`. */
import { invariant } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** `level` 0 holds leaf hashes, `"entries"` the leaves themselves; `width` below 256 names a partial one. */
export interface TileId {
  readonly level: number | "entries";
  readonly index: number;
  readonly width: number;
}

const LEVEL_MAX = 63;
const PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

export function formatTilePath(id: TileId): string {
  const { level, index, width } = id;
  invariant(level === "entries" || (Number.isInteger(level) && level >= 0 && level <= LEVEL_MAX), "a tile level");
  invariant(Number.isSafeInteger(index) && index >= 0, "a tile index");
  invariant(Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH, "a tile width");
  return `tile/${level}/${formatIndex(index)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Groups of three digits, all but the last marked: no name is both a file and a folder. */
function formatIndex(index: number): string {
  let text = (index % 1000).toString().padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    text = `x${(rest % 1000).toString().padStart(3, "0")}/${text}`;
  }
  return text;
}

/**
 * Without leading slash, in the one canonical form.
 * @throws AnamnesisError `ledger/malformed`
 */
export function parseTilePath(path: string): TileId {
  const match = PATH.exec(path);
  const [, level, digits, width] = match ?? [];
  if (level === undefined || digits === undefined) throw malformed();
  const id: TileId = {
    level: level === "entries" ? level : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, "")),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  const inRange = (id.level === "entries" || id.level <= LEVEL_MAX) && Number.isSafeInteger(id.index);
  // Writing it back also refuses leading zero groups and a partial path of full width.
  if (!inRange || id.width > TILE_WIDTH || formatTilePath(id) !== path) throw malformed();
  return id;
}

function malformed() {
  return ledgerError("ledger/malformed", "not the path of a tile or entry bundle");
}
