/**
 * Many short hashes at once: messages are written one behind the other into the memory of a WebAssembly module, and its
 * kernel takes four at a time. A one-shot hash of the platform costs 0.3 µs before it looks at the first byte; here a
 * block costs 0.08 µs and nothing else, and an HMAC starts from the two states that its key has after one block (RFC 2104
 * §4), which spares two blocks more. Long messages are better off elsewhere.
 */
import { type Bytes, invariant } from "@anamnesis/core";
import { FREE_AT, INITIAL_AT, JOB_BYTES, kernelBytes } from "./kernel.ts";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const BATCH_PAGES = 8;
const BATCH_BYTES = BATCH_PAGES * 65_536;

/** Most keys that are kept: 16 MiB, which the system gives only as they are used. */
export const KEPT_MAX = 262_144;
const KEPT_AT = BATCH_BYTES;
/** Room for whoever writes messages: what parts of them are copied from. */
export const STAGE_BYTES = 65_536;
export const STAGE_AT = KEPT_AT + KEPT_MAX * BLOCK_BYTES;
const MEMORY_PAGES = (STAGE_AT + STAGE_BYTES) / 65_536;

/** Most messages of one batch. */
export const LANES_MAX = 256;
const INNER_AT = FREE_AT;
const OUTER_AT = INNER_AT + LANES_MAX * JOB_BYTES;
/** Per message: the two states of its key, 64 bytes. */
const KEYS_AT = OUTER_AT + LANES_MAX * JOB_BYTES;
/** Per message: the one block of the outer hash; its first half is the inner digest. */
const BLOCKS_AT = KEYS_AT + LANES_MAX * BLOCK_BYTES;
const DIGESTS_AT = BLOCKS_AT + LANES_MAX * BLOCK_BYTES;
/** Preparing a key goes on beside a batch: four jobs, two blocks, four states. */
const PREPARE_AT = DIGESTS_AT + (LANES_MAX + 1) * DIGEST_BYTES;
const PREPARE_BLOCKS_AT = PREPARE_AT + 4 * JOB_BYTES;
const PREPARE_STATES_AT = PREPARE_BLOCKS_AT + 2 * BLOCK_BYTES;
const MESSAGES_AT = PREPARE_STATES_AT + 4 * DIGEST_BYTES;

/** The states after the inner and the outer block of an HMAC key: 16 words, worth as much as the key. */
export type KeyStates = Uint32Array;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  hash4(jobs: number, blocks: number): void;
  state4(jobs: number, blocks: number): void;
}

export class Lanes {
  /** Where messages are written and digests are read. */
  readonly bytes: Uint8Array;
  /** The same, for words at any address. */
  readonly view: DataView;
  readonly #kernel: Kernel;
  readonly #words: Uint32Array;
  #count = 0;
  #free = MESSAGES_AT;
  #keyed = false;
  /** States were copied beside the batch, to be overwritten after it. */
  #copied = false;
  #kept = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.bytes = new Uint8Array(kernel.memory.buffer);
    this.view = new DataView(kernel.memory.buffer);
    this.#words = new Uint32Array(kernel.memory.buffer);
    for (let i = 0; i < LANES_MAX; i++) {
      pad(this.bytes, BLOCKS_AT + i * BLOCK_BYTES, DIGEST_BYTES, BLOCK_BYTES);
    }
  }

  /** Messages added since the last `clear`. */
  get count(): number {
    return this.#count;
  }

  /** The address at which a message of `length` bytes can be written, or -1: run what there is, or hash it elsewhere. */
  place(length: number): number {
    const end = this.#free + length + BLOCK_BYTES + 9;
    return this.#count < LANES_MAX && end <= BATCH_BYTES ? this.#free : -1;
  }

  /** Takes the message of `length` bytes that was written at the last `place`. Gives its number in the batch. */
  add(length: number): number {
    invariant(this.#count === 0 || !this.#keyed, "a batch of hashes or of HMACs");
    return this.#take(length, 0, INITIAL_AT, DIGESTS_AT + this.#count * DIGEST_BYTES);
  }

  /** The same for its HMAC; the key's states are 16 words from `keys[from]`. */
  addKeyed(length: number, keys: KeyStates, from = 0): number {
    const states = KEYS_AT + this.#count * BLOCK_BYTES;
    for (let w = 0; w < 16; w++) this.#words[(states >> 2) + w] = keys[from + w] as number;
    this.#copied = true;
    return this.#takeKeyed(length, states);
  }

  /** The same under number `key` of those that are kept. */
  addKept(length: number, key: number): number {
    return this.#takeKeyed(length, KEPT_AT + key * BLOCK_BYTES);
  }

  /** Keeps a copy of the states until `forgetKept`, also while a batch is filled. Gives their number, from 0 on. */
  keep(keys: KeyStates): number {
    invariant(this.#kept < KEPT_MAX, "room for the key");
    this.#words.set(keys, (KEPT_AT + this.#kept * BLOCK_BYTES) >> 2);
    return this.#kept++;
  }

  forgetKept(): void {
    this.bytes.fill(0, KEPT_AT, KEPT_AT + this.#kept * BLOCK_BYTES);
    this.#kept = 0;
  }

  /** Computes all digests; number i then lies at `digestAt(i)` in `bytes`, until `clear`. */
  run(): void {
    this.#pass(INNER_AT);
    if (this.#keyed) this.#pass(OUTER_AT);
    if (this.#copied) this.bytes.fill(0, KEYS_AT, KEYS_AT + this.#count * BLOCK_BYTES);
  }

  digestAt(i: number): number {
    return DIGESTS_AT + i * DIGEST_BYTES;
  }

  clear(): void {
    this.#count = 0;
    this.#free = MESSAGES_AT;
    this.#keyed = false;
    this.#copied = false;
  }

  /** What `addKeyed` needs of a key of at most 64 bytes; also while a batch is filled. */
  keyStates(key: Bytes): KeyStates {
    invariant(key.length <= BLOCK_BYTES, "a key of one block");
    const { bytes } = this;
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const byte = i < key.length ? (key[i] as number) : 0;
      bytes[PREPARE_BLOCKS_AT + i] = byte ^ 0x36;
      bytes[PREPARE_BLOCKS_AT + BLOCK_BYTES + i] = byte ^ 0x5c;
    }
    for (let i = 0; i < 4; i++) {
      const block = PREPARE_BLOCKS_AT + (i % 2) * BLOCK_BYTES;
      this.#job(PREPARE_AT, i, block, 1, INITIAL_AT, PREPARE_STATES_AT + i * DIGEST_BYTES);
    }
    this.#kernel.state4(PREPARE_AT, 1);
    const states = this.#words.slice(PREPARE_STATES_AT >> 2, (PREPARE_STATES_AT >> 2) + 16);
    bytes.fill(0, PREPARE_BLOCKS_AT, MESSAGES_AT);
    return states;
  }

  #takeKeyed(length: number, states: number): number {
    invariant(this.#count === 0 || this.#keyed, "a batch of hashes or of HMACs");
    this.#keyed = true;
    const i = this.#count;
    const block = BLOCKS_AT + i * BLOCK_BYTES;
    this.#job(OUTER_AT, i, block, 1, states + DIGEST_BYTES, DIGESTS_AT + i * DIGEST_BYTES);
    return this.#take(length, BLOCK_BYTES, states, block);
  }

  #take(length: number, before: number, state: number, out: number): number {
    const at = this.#free;
    const blocks = pad(this.bytes, at, length, before);
    this.#job(INNER_AT, this.#count, at, blocks, state, out);
    this.#free = at + blocks * BLOCK_BYTES;
    return this.#count++;
  }

  #job(table: number, i: number, message: number, blocks: number, state: number, out: number): void {
    const at = (table + i * JOB_BYTES) >> 2;
    this.#words[at] = message;
    this.#words[at + 1] = blocks;
    this.#words[at + 2] = state;
    this.#words[at + 3] = out;
  }

  /** Empty lanes get no blocks and write behind all digests. */
  #pass(table: number): void {
    const spare = DIGESTS_AT + LANES_MAX * DIGEST_BYTES;
    for (let i = this.#count; i % 4 !== 0; i++) this.#job(table, i, FREE_AT, 0, INITIAL_AT, spare);
    for (let i = 0; i < this.#count; i += 4) {
      const at = (table + i * JOB_BYTES) >> 2;
      const most = Math.max(this.#blocks(at), this.#blocks(at + 4), this.#blocks(at + 8), this.#blocks(at + 12));
      this.#kernel.hash4(at << 2, most);
    }
  }

  #blocks(job: number): number {
    return this.#words[job + 1] as number;
  }
}

/** The padding of FIPS 180-4 §5.1.1 behind a message; `before` bytes were hashed earlier. Gives the number of blocks. */
function pad(bytes: Uint8Array, at: number, length: number, before: number): number {
  const blocks = Math.floor((length + 8) / BLOCK_BYTES) + 1;
  const end = at + blocks * BLOCK_BYTES;
  bytes[at + length] = 0x80;
  for (let i = at + length + 1; i < end - 4; i++) bytes[i] = 0;
  const bits = (before + length) * 8;
  bytes[end - 4] = bits >>> 24;
  bytes[end - 3] = bits >>> 16;
  bytes[end - 2] = bits >>> 8;
  bytes[end - 1] = bits;
  return blocks;
}

/** Part of the language's platform everywhere, but not of the types that this package may use. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
      validate(bytes: Uint8Array<ArrayBuffer>): boolean;
    }
  | undefined;

let compiled: object | undefined;

/** Lanes with a memory of their own; undefined where the platform has no WebAssembly with 128-bit vectors. */
export function openLanes(): Lanes | undefined {
  if (typeof WebAssembly === "undefined") return undefined;
  if (compiled === undefined) {
    const bytes = kernelBytes(MEMORY_PAGES);
    if (!WebAssembly.validate(bytes)) return undefined;
    compiled = new WebAssembly.Module(bytes);
  }
  return new Lanes(new WebAssembly.Instance(compiled).exports as Kernel);
}
