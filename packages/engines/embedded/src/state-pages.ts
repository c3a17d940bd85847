/**
 * How the nodes of the state tree lie on disk: the nodes of four levels below one place form a page, so one hexadecimal digit of
 * the key hash leads from page to page, and a walk down the tree reads a row per digit instead of one per level. A page is named
 * by the digits that lead to it.
 *
 * Scattered changes cost what the database's own pages cost, which it writes whole. So the upper 16 levels lie together (at most
 * 4,369 rows: most blocks change most of them), and each page below lies beside the values that hang on it.
 */
import { type Bytes, concat } from "@anamnesis/core";
import { damaged } from "./sqlite.ts";
import { SLOTS, StatePage } from "./state-page.ts";

/** Pages with fewer digits than this lie apart from the values. */
const UPPER_DIGITS = 4;
/** Digits whose value a number holds exactly, with a one before them. */
const NUMBER_DIGITS = 12;
/** Digits of a whole key hash. */
const HASH_DIGITS = 64;

/** `digits` of them lead to the page, packed two to a byte with zeros behind. */
export interface PageName {
  readonly digits: number;
  readonly prefix: Uint8Array;
}

/** `data` undefined: no nodes are left. */
export interface PageWrite {
  readonly name: PageName;
  readonly data: Uint8Array | undefined;
}

/** @param path of a node, as `StateNodeStore` has it: depth, then the leading bits of the key hash */
export function pageName(path: Bytes): PageName {
  const digits = (path[0] ?? 0) >> 2;
  const prefix = path.slice(1, 1 + ((digits + 1) >> 1));
  if (digits % 2 === 1) prefix[digits >> 1] = (prefix[digits >> 1] ?? 0) & 0xf0;
  return { digits, prefix };
}

/** The same for all nodes of a page and for no others. */
export function pageKey(path: Bytes): number | string {
  const digits = (path[0] ?? 0) >> 2;
  return digits <= NUMBER_DIGITS ? numberOf(digits, path, 1) : pageName(path).prefix.join() + digits;
}

/** The digits as a number with a one before them. */
function numberOf(digits: number, bytes: Bytes, start: number): number {
  let number = 1;
  for (let i = 0; i < digits >> 1; i++) number = number * 256 + (bytes[start + i] ?? 0);
  return digits % 2 === 0 ? number : number * 16 + ((bytes[start + (digits >> 1)] ?? 0) >> 4);
}

export function slotOf(path: Bytes): number {
  const depth = path[0] ?? 0;
  const level = depth & 3;
  const byte = path[1 + (depth >> 3)] ?? 0;
  const digit = (depth & 4) === 0 ? byte >> 4 : byte & 15;
  return (1 << level) - 1 + (digit >> (4 - level));
}

export function pathOf({ digits, prefix }: PageName, slot: number): Uint8Array {
  const level = 31 - Math.clz32(slot + 1);
  const depth = 4 * digits + level;
  const path = new Uint8Array(1 + Math.ceil(depth / 8));
  path[0] = depth;
  path.set(prefix, 1);
  const digit = (slot + 1 - (1 << level)) << (4 - level);
  const at = 1 + (digits >> 1);
  if (level > 0) path[at] = (path[at] ?? 0) | (digits % 2 === 0 ? digit << 4 : digit);
  return path;
}

/** Row of a page of the upper levels; `undefined` for one that lies beside values. */
export const upperRow = ({ digits, prefix }: PageName): number | undefined =>
  digits < UPPER_DIGITS ? numberOf(digits, prefix, 0) : undefined;

export function nameOfUpper(row: number): PageName {
  const digits = (31 - Math.clz32(row)) >> 2;
  const number = row - 16 ** digits;
  if (digits >= UPPER_DIGITS || number < 0 || number >= 16 ** digits) throw damaged("a page of the state has no place");
  const left = number << (16 - 4 * digits);
  return { digits, prefix: Uint8Array.of(left >> 8, left & 255).slice(0, (digits + 1) >> 1) };
}

/** Where a lower page lies among the values: its digits, then their number. */
export const placeOfPage = ({ digits, prefix }: PageName): Uint8Array => concat(prefix, Uint8Array.of(digits));

/** Where a value lies: its key hash and the number of its digits, so that no page has the same place. */
export const placeOfValue = (keyHash: Bytes): Uint8Array => concat(keyHash, Uint8Array.of(HASH_DIGITS));

export function nameOfPlace(place: Bytes): PageName {
  const digits = place.at(-1) ?? 0;
  const prefix = place.slice(0, -1);
  const fits = digits >= UPPER_DIGITS && digits < HASH_DIGITS && prefix.length === (digits + 1) >> 1;
  if (!fits || (digits % 2 === 1 && ((prefix.at(-1) ?? 0) & 15) !== 0))
    throw damaged("a page of the state has no place");
  return { digits, prefix };
}

/** The nodes of a stored page with their paths. @throws AnamnesisError `ledger/damaged-store` when it has not the form of one */
export function* nodesOfPage(name: PageName, data: Bytes): Generator<readonly [Uint8Array, Uint8Array]> {
  const page = new StatePage(data);
  for (let slot = 0; slot < SLOTS; slot++) {
    const node = page.get(slot);
    if (node !== undefined) yield [pathOf(name, slot), node];
  }
}
