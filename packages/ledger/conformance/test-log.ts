/** A log that tests write and split in two: leaves, tiles, signed checkpoints of any size, proofs. */
import { utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  appendTiles,
  consistencyPath,
  Frontier,
  formatCheckpoint,
  formatNote,
  leafHashes,
  type NoteVerifier,
  noteSigner,
  parseTilePath,
  parseVerifierKey,
  tileReader,
} from "../src/index.ts";

const LOG_SEED = new Uint8Array(32).fill(77);

export class TestLog {
  readonly origin: string;
  readonly verifier: NoteVerifier;
  readonly #p: Primitives;
  readonly #seed: Uint8Array;
  readonly #signer: ReturnType<typeof noteSigner>;
  readonly #tiles = new Map<string, Uint8Array>();
  readonly #words: string[] = [];

  constructor(p: Primitives, origin = "anamnesis/test", seed: Uint8Array = LOG_SEED) {
    this.#p = p;
    this.#seed = seed;
    this.origin = origin;
    this.#signer = noteSigner(p, origin, seed);
    this.verifier = parseVerifierKey(p, this.#signer.verifierKey);
  }

  get size(): number {
    return this.#words.length;
  }

  append(...words: readonly string[]): this {
    const hashes = leafHashes(
      this.#p,
      words.map((w) => utf8(w)),
    );
    const read = (level: number, index: number) => this.#tiles.get(`${level}/${index}`);
    for (const { level, index, data } of appendTiles(this.#p, read, this.size, hashes).writes) {
      this.#tiles.set(`${level}/${index}`, data);
    }
    this.#words.push(...words);
    return this;
  }

  /** Appends `count` leaves, different for each `label`. */
  grow(count: number, label = "leaf"): this {
    return this.append(...Array.from({ length: count }, (_, i) => `${label} ${this.size + i}`));
  }

  /** The same log, but only its first `size` leaves: whatever is appended then makes it another one. */
  forkAt(size: number): TestLog {
    return new TestLog(this.#p, this.origin, this.#seed).append(...this.#words.slice(0, size));
  }

  root(size = this.size): Uint8Array {
    return Frontier.read(this.#p, this.#reader(size), size).root();
  }

  /** A signed checkpoint, as the log would have given it out when it had that size. */
  note(size = this.size, root = this.root(size)): string {
    const text = formatCheckpoint({ origin: this.origin, size, root });
    return formatNote(text, [this.#signer.sign(text)]);
  }

  /** Any text under the log's signature. */
  sign(text: string): string {
    return formatNote(text, [this.#signer.sign(text)]);
  }

  proof(older: number, newer: number): Uint8Array[] {
    return consistencyPath(this.#p, this.#reader(newer), older, newer);
  }

  /** As a server of tiles answers: full tiles and the partial ones it still has. */
  readonly tile = (path: string): Promise<Uint8Array | undefined> => {
    const { level, index, width } = parseTilePath(path);
    const data = this.#tiles.get(`${level}/${index}`);
    return Promise.resolve(data === undefined || data.length < width * 32 ? undefined : data.slice(0, width * 32));
  };

  #reader(size: number) {
    return tileReader(this.#p, (level, index) => this.#tiles.get(`${level}/${index}`), size);
  }
}
