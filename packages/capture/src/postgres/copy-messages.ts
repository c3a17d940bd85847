/**
 * Rows of a running COPY, or messages of a replication stream, straight from the socket: the driver makes an object, a view and
 * two events of each, which costs as much as hashing half of it. So whoever copies stands before the driver's parser, takes the CopyData messages (PostgreSQL
 * protocol 3, "Message Formats": a type byte, then a length of four bytes that counts itself) and hands on all others.
 */
import type { Duplex } from "node:stream";
import type { Client } from "pg";

const HEADER_BYTES = 5;
const COPY_DATA = 0x64;
const LF = 0x0a;
/** CopyOut- and CopyBothResponse, ErrorResponse, NoticeResponse, ParameterStatus, NotificationResponse: what can come first, and it is short. */
const FIRST: ReadonlySet<number> = new Set(Array.from("HWENSA", (c) => c.charCodeAt(0)));
const FIRST_BYTES_MAX = 65_536;
/** Rows given together. */
const LOT_MAX = 1024;
/** Rows end with a line feed, which is not theirs; messages are given as they are. */
export type Content = "rows" | "messages";
/** A longer message gets a buffer of its own, gone with it. */
const CARRY_BYTES = 65_536;

type Listener = (chunk: Buffer) => void;

/** Rows that came together: number i is `bytes[places[2i], places[2i + 1])`. Good until the handler returns. */
export interface RowLot {
  readonly bytes: Uint8Array;
  readonly places: Int32Array;
  readonly count: number;
}

export interface CopyMessages {
  /** Gives the socket back to the driver. */
  end(): void;
}

/**
 * To be called while the connection is idle, so that the next byte begins a message; if it does not look so, everything goes to
 * the driver, which tells its own listeners of the rows. `onRows` must not throw.
 */
export function takeCopyMessages(stream: Duplex, content: Content, onRows: (rows: RowLot) => void): CopyMessages {
  return new Tap(stream, content, onRows);
}

/** With something under way, the next byte need not begin a message. */
export const isIdle = (client: Client): boolean =>
  (client as { readonly readyForQuery?: boolean }).readyForQuery === true;

class Tap implements CopyMessages {
  readonly #stream: Duplex;
  readonly #content: Content;
  readonly #onRows: (rows: RowLot) => void;
  readonly #places = new Int32Array(2 * LOT_MAX);
  #count = 0;
  readonly #driver: readonly Listener[];
  /** The beginning of a message whose end has not come yet. */
  #carry: Buffer = Buffer.alloc(0);
  #have = 0;
  #begun = false;
  #ended = false;

  constructor(stream: Duplex, content: Content, onRows: (rows: RowLot) => void) {
    this.#stream = stream;
    this.#content = content;
    this.#onRows = onRows;
    this.#driver = stream.listeners("data") as Listener[];
    stream.on("data", this.#onChunk);
    for (const listener of this.#driver) stream.off("data", listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#driver) this.#stream.on("data", listener);
    this.#stream.off("data", this.#onChunk);
    if (this.#have > 0) this.#handOn(this.#carry.subarray(0, this.#have));
    this.#have = 0;
  }

  readonly #onChunk = (chunk: Buffer): void => {
    let at = this.#have > 0 ? this.#complete(chunk) : 0;
    while (!this.#ended && at + HEADER_BYTES <= chunk.length) {
      const next = at + sizeAt(chunk, at);
      if (!this.#begun && !this.#isBeginning(chunk, at)) break;
      if (next > chunk.length) break;
      this.#take(chunk, at, next);
      at = next;
    }
    this.#give(chunk);
    if (at === chunk.length) return;
    if (this.#ended) this.#handOn(chunk.subarray(at));
    else this.#keep(chunk, at);
  };

  /** Gives up on the connection where it is not between two messages. */
  #isBeginning(bytes: Uint8Array, at: number): boolean {
    this.#begun = FIRST.has(bytes[at] ?? 0) && sizeAt(bytes, at) <= FIRST_BYTES_MAX;
    if (!this.#begun) this.end();
    return this.#begun;
  }

  #take(bytes: Buffer, at: number, next: number): void {
    if (bytes[at] !== COPY_DATA) {
      this.#give(bytes);
      this.#handOn(bytes.subarray(at, next));
      return;
    }
    const place = 2 * this.#count++;
    this.#places[place] = at + HEADER_BYTES;
    const endsLine = this.#content === "rows" && next > at + HEADER_BYTES && bytes[next - 1] === LF;
    this.#places[place + 1] = endsLine ? next - 1 : next;
    if (this.#count === LOT_MAX) this.#give(bytes);
  }

  /** The rows that are noted, all of these bytes. */
  #give(bytes: Uint8Array): void {
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#onRows({ bytes, places: this.#places, count });
  }

  #handOn(bytes: Buffer): void {
    for (const listener of this.#driver) listener.call(this.#stream, Buffer.from(bytes));
  }

  /** Adds to the message that has begun; gives where the chunk goes on behind it. */
  #complete(chunk: Buffer): number {
    let at = this.#fill(chunk, 0, HEADER_BYTES);
    if (this.#have < HEADER_BYTES) return at;
    if (!this.#begun && !this.#isBeginning(this.#carry, 0)) return at;
    const size = sizeAt(this.#carry, 0);
    at = this.#fill(chunk, at, size);
    if (this.#have < size) return at;
    const message = this.#carry;
    if (message.length > CARRY_BYTES) this.#carry = Buffer.alloc(0);
    this.#have = 0;
    this.#take(message, 0, size);
    this.#give(message);
    return at;
  }

  #keep(chunk: Buffer, at: number): void {
    this.#fill(chunk, at, chunk.length - at);
  }

  /** Takes bytes of the chunk until `wanted` are there; gives the place behind them. */
  #fill(chunk: Buffer, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + Math.max(0, wanted - this.#have));
    const have = this.#have + end - at;
    if (this.#carry.length < have) this.#carry = grown(this.#carry, this.#have, have);
    chunk.copy(this.#carry, this.#have, at, end);
    this.#have = have;
    return end;
  }
}

/** Of the whole message, its type byte included. */
function sizeAt(bytes: Uint8Array, at: number): number {
  const byte = (i: number) => bytes[at + i] as number;
  return 1 + (((byte(1) << 24) | (byte(2) << 16) | (byte(3) << 8) | byte(4)) >>> 0);
}

/** Doubling: what comes in pieces is not copied once per piece. */
function grown(bytes: Buffer, have: number, wanted: number): Buffer {
  const larger = Buffer.alloc(Math.max(CARRY_BYTES, 2 * bytes.length, wanted));
  bytes.copy(larger, 0, 0, have);
  return larger;
}
