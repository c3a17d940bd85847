/** The two trees of spec/log.md in their plainest form, over node:crypto: slow, recursive, and written from the text alone. */
import { createHash } from "node:crypto";

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const ZERO = Uint8Array.of(0);
const ONE = Uint8Array.of(1);

export const hashOfLeaf = (leaf: Uint8Array): Uint8Array => sha256(ZERO, leaf);

/** Merkle tree hash of RFC 6962 §2.1 over leaf hashes, with the roots of full subtrees kept. */
export class PlainLog {
  readonly #hashes: Uint8Array[] = [];
  readonly #full = new Map<string, Uint8Array>();

  get size(): number {
    return this.#hashes.length;
  }

  append(leafHash: Uint8Array): void {
    this.#hashes.push(leafHash);
  }

  leaf(index: number): Uint8Array | undefined {
    return this.#hashes[index];
  }

  /** Root of the first `size` leaves. */
  root(size = this.size): Uint8Array {
    if (size > this.size) throw new RangeError(`the log has ${this.size} leaves, not ${size}`);
    return size === 0 ? sha256() : this.#node(0, size);
  }

  #node(start: number, length: number): Uint8Array {
    if (length === 1) return this.#hashes[start] ?? sha256();
    const key = `${start}+${length}`;
    const known = this.#full.get(key);
    if (known !== undefined) return known;
    let left = 1;
    while (left * 2 < length) left *= 2;
    const hash = sha256(ONE, this.#node(start, left), this.#node(start + left, length - left));
    if (left * 2 === length) this.#full.set(key, hash);
    return hash;
  }
}

export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const log = new PlainLog();
  for (const leaf of leaves) log.append(hashOfLeaf(leaf));
  return log.root();
}

interface StateKey {
  readonly bits: Uint8Array;
  readonly value: Uint8Array;
}

/** Root of the authenticated map: a subtree with one key is that key's leaf, an empty one 32 zero bytes. */
export function stateRoot(state: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const keys = [...state].map(([key, value]) => ({ bits: sha256(Buffer.from(key)), value: sha256(value) }));
  return subtree(keys, 0);
}

function subtree(keys: readonly StateKey[], depth: number): Uint8Array {
  const [only, more] = keys;
  if (only === undefined) return new Uint8Array(32);
  if (more === undefined) return sha256(ZERO, only.bits, only.value);
  const bit = (key: StateKey) => ((key.bits[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;
  const left = keys.filter((key) => bit(key) === 0);
  const right = keys.filter((key) => bit(key) === 1);
  return sha256(ONE, subtree(left, depth + 1), subtree(right, depth + 1));
}
