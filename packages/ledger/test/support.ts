/** What the tests of the log share: naive models, written from the definitions and not from the implementation. */
import { readFileSync } from "node:fs";
import { concat, toHex, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { type HashReader, leafHash, leafHashes } from "../src/merkle.ts";
import { appendTiles, type TileWrite } from "../src/tiles.ts";

export const p: Primitives = native;

export const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${name}.json`, import.meta.url), "utf8")) as T;

export const leaf = (i: number): Uint8Array => utf8(`leaf ${i}`);
export const leaves = (n: number, from = 0): Uint8Array[] => Array.from({ length: n }, (_, i) => leaf(from + i));

/** MTH of RFC 6962 §2.1, by its recursive definition. */
export function naiveRoot(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return p.sha256(new Uint8Array(0));
  if (data.length === 1) return leafHash(p, data[0]!);
  let k = 1;
  while (k * 2 < data.length) k *= 2;
  return p.sha256(concat(Uint8Array.of(1), naiveRoot(data.slice(0, k)), naiveRoot(data.slice(k))));
}

export function naiveReader(data: readonly Uint8Array[]): HashReader {
  return { hash: (level, index) => naiveRoot(data.slice(index * 2 ** level, (index + 1) * 2 ** level)) };
}

/** Tiles in memory, as a store would keep them. */
class TileMap {
  readonly tiles = new Map<string, Uint8Array>();
  read = (level: number, index: number): Uint8Array | undefined => this.tiles.get(`${level}/${index}`);
  write(writes: readonly TileWrite[]): void {
    for (const { level, index, data } of writes) this.tiles.set(`${level}/${index}`, data);
  }
}

/** A log of `n` leaves, appended in pieces of the given sizes (repeated). */
export function buildLog(n: number, pieces: readonly number[] = [n]) {
  const store = new TileMap();
  let size = 0;
  let root = naiveRoot([]);
  for (let i = 0; size < n; i++) {
    const count = Math.min(pieces[i % pieces.length] || 1, n - size);
    const appended = appendTiles(p, store.read, size, leafHashes(p, leaves(count, size)));
    store.write(appended.writes);
    ({ size, root } = appended);
  }
  return { store, size, root };
}

/** The code that a call throws, or "no error". */
export function codeThrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code ?? `foreign: ${String(error)}`;
  }
  return "no error";
}

export const hex = toHex;
