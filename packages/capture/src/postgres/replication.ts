/**
 * The replication connection: START_REPLICATION, keepalives, feedback, back-pressure (PostgreSQL manual, "Streaming
 * Replication Protocol"). Ours and small, because the feedback must be exact: the flushed position is the END of the last
 * commit that is final on the ledger, never one more, never what was merely received.
 */

import { codeOf } from "@anamnesis/core";
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { isIdle, type RowLot, takeCopyMessages } from "./copy-messages.ts";
import type { Endings } from "./endings.ts";
import { Gathering } from "./gathering.ts";
import { type ConnectOptions, connect, quoteName, sqlState, withClient } from "./session.ts";
import { endHolder, slotProblem } from "./slot.ts";

/** Feedback at least this often; the server's timeout is a minute by default and a few seconds at the least. */
const FEEDBACK_MS = 500;
/** The server frees a slot of a killed client only when it notices. */
const BUSY_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1_000;
const POSTGRES_EPOCH_MS = 946_684_800_000;

const XLOG_DATA = 0x77; // w
const KEEPALIVE = 0x6b; // k
const HEADER_BYTES = 25;
const KEEPALIVE_BYTES = 18;

export interface ReplicationHandler {
  /** A pgoutput message: `data` from `at` to `end`, valid until the return. False ends the stream. */
  data(data: Buffer, at: number, end: number): boolean;
  /** The server has sent everything before this position. False ends the stream. */
  keepalive(end: bigint): boolean;
}

export interface ReplicationOptions extends ConnectOptions {
  readonly slot: string;
  readonly publication: string;
  readonly signal: AbortSignal;
  /** Of the streams of this process before: absent, silence is never taken for an end. */
  readonly endings?: Endings;
}

/** @throws AnamnesisError `capture/slot-busy`, `capture/stream-failed`, `capture/cannot-connect`. */
export async function openReplication(options: ReplicationOptions, handler: ReplicationHandler): Promise<Replication> {
  const deadline = performance.now() + BUSY_MS_MAX;
  for (;;) {
    const client = await connect({ url: options.url, replication: true });
    const replication = new Replication(client, options, handler);
    try {
      await replication.started;
      if (options.endings !== undefined) options.endings.pid = pidOf(client);
      return replication;
    } catch (cause) {
      replication.end();
      if (codeOf(cause) !== "capture/slot-busy" || performance.now() > deadline) throw cause;
      // Our own former stream may be one whose end the server has not noticed yet.
      const pid = options.endings?.pid;
      if (pid !== undefined) await withClient(options, (other) => endHolder(other, options.slot, pid));
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (options.signal.aborted) throw cause;
    }
  }
}

export class Replication {
  readonly started: Promise<void>;
  /** Settles when the stream has ended: resolves after `end`, rejects when it was lost or a handler threw. */
  readonly done: Promise<void>;
  readonly #client: Client;
  readonly #handler: ReplicationHandler;
  /** Newest position that came, in halves. */
  #receivedHigh = 0;
  #receivedLow = 0;
  #flushed = 0n;
  #failure: unknown;
  #ending = false;
  #asking = false;
  #heard = performance.now();
  /** Something came since the last look at the clock, which would cost more than the message. */
  #hearing = false;
  readonly #endings: Endings | undefined;
  readonly #gathering: Gathering;

  constructor(client: Client, options: ReplicationOptions, handler: ReplicationHandler) {
    this.#client = client;
    this.#handler = handler;
    this.#endings = options.endings;
    const { connection } = client;
    this.#gathering = new Gathering(connection.stream);
    connection.on("copyData", ({ chunk }: { readonly chunk: Buffer }) => this.#onData(chunk, 0, chunk.length));
    if (isIdle(client)) takeCopyMessages(connection.stream, "messages", (lot) => this.#onLot(lot));
    const started = new Promise<void>((resolve) => connection.once("replicationStart", () => resolve()));
    const timer = setInterval(() => {
      this.#feedback(this.#asking);
      this.#listen();
    }, FEEDBACK_MS);
    const onAbort = (): void => this.end();
    options.signal.addEventListener("abort", onAbort, { once: true });

    const sql =
      `START_REPLICATION SLOT ${quoteName(options.slot)} LOGICAL 0/0 ` +
      `(proto_version '1', publication_names '${quoteName(options.publication)}', messages 'true')`;
    const query = client.query(sql).then(
      () => this.#ended(undefined),
      (cause: unknown) => this.#ended(cause),
    );
    this.done = query.finally(() => {
      clearInterval(timer);
      this.#gathering.end();
      options.signal.removeEventListener("abort", onAbort);
      connection.stream.destroy();
    });
    this.done.catch(() => undefined);
    this.started = Promise.race([started, this.done.then(() => Promise.reject(lost(undefined)))]);
    this.started.catch(() => undefined);
    if (options.signal.aborted) this.end();
  }

  pause(): void {
    this.#gathering.pause();
  }

  resume(): void {
    this.#gathering.resume();
  }

  /** Everything before `position` is final. */
  acknowledge(position: bigint): void {
    if (position > this.#flushed) this.#flushed = position;
  }

  /** From now on asks the server with each feedback how far it has sent. */
  ask(): void {
    this.#asking = true;
    this.#feedback(true);
  }

  /** Ends the stream after a last feedback; `done` resolves. Idempotent. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#feedback(false);
    this.#gathering.end();
    void this.#client.end().catch(() => undefined);
    setTimeout(() => this.#client.connection.stream.destroy(), CLOSE_MS_MAX).unref();
  }

  /** A server that is asked and says nothing is gone, or busy: either way the stream is begun anew. */
  #listen(): void {
    const { stream } = this.#client.connection;
    if (stream.isPaused() || this.#hearing) this.#heard = performance.now();
    this.#hearing = false;
    if (this.#endings === undefined || this.#ending || this.#failure !== undefined) return;
    if (performance.now() - this.#heard < this.#endings.silentMs) return;
    this.#endings.silent();
    this.#failure = captureError("capture/connection-lost", "the database has fallen silent");
    stream.destroy();
  }

  #onLot({ bytes, places, count }: RowLot): void {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < 2 * count; i += 2) this.#onData(data, places[i] as number, places[i + 1] as number);
    if (!this.#ending) this.#gathering.took(bytes.length);
  }

  #onData(data: Buffer, at: number, end: number): void {
    this.#hearing = true;
    if (this.#ending || this.#failure !== undefined) return;
    try {
      const kind = at < end ? data[at] : undefined;
      if (kind === XLOG_DATA) this.#onMessage(data, at, end);
      else if (kind === KEEPALIVE) this.#onKeepalive(data, at, end);
      else throw captureError("capture/unknown-message", "unknown message of the replication protocol");
    } catch (cause) {
      this.#failure = cause;
      this.#client.connection.stream.destroy();
    }
  }

  #onMessage(data: Buffer, at: number, end: number): void {
    const from = at + HEADER_BYTES;
    if (from >= end) throw captureError("capture/malformed-message", "replication message cut off");
    this.#receive(data, at + 1);
    this.#endings?.heard();
    if (!this.#handler.data(data, from, end)) this.end();
  }

  /** A number made of each message's position would cost more than the look at it. */
  #receive(data: Buffer, at: number): void {
    const [high, low] = [data.readUInt32BE(at), data.readUInt32BE(at + 4)];
    if (high < this.#receivedHigh || (high === this.#receivedHigh && low <= this.#receivedLow)) return;
    this.#receivedHigh = high;
    this.#receivedLow = low;
  }

  get #received(): bigint {
    return (BigInt(this.#receivedHigh) << 32n) | BigInt(this.#receivedLow);
  }

  #onKeepalive(data: Buffer, at: number, end: number): void {
    if (end - at !== KEEPALIVE_BYTES) throw captureError("capture/malformed-message", "keepalive of another length");
    this.#receive(data, at + 1);
    if (!this.#handler.keepalive(data.readBigUInt64BE(at + 1))) return this.end();
    if (data[end - 1] === 1) this.#feedback(false);
  }

  /** Standby status update: written, flushed, applied, our clock, and whether we want an answer. */
  #feedback(ask: boolean): void {
    const { connection } = this.#client;
    if (!connection.stream.writable || this.#failure !== undefined) return;
    const message = Buffer.alloc(34);
    message[0] = 0x72; // r
    const received = this.#received;
    message.writeBigUInt64BE(received > this.#flushed ? received : this.#flushed, 1);
    message.writeBigUInt64BE(this.#flushed, 9);
    message.writeBigUInt64BE(this.#flushed, 17);
    message.writeBigInt64BE(BigInt(Date.now() - POSTGRES_EPOCH_MS) * 1000n, 25);
    message[33] = ask ? 1 : 0;
    (connection as unknown as CopySender).sendCopyFromChunk(message);
  }

  #ended(cause: unknown): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ending) return;
    throw lost(cause);
  }
}

/** The server's process, as it said at the login. */
const pidOf = (client: Client): number | undefined =>
  (client as { readonly processID?: number | null }).processID ?? undefined;

/** What the driver's connection can do beyond its published types. */
interface CopySender {
  sendCopyFromChunk(chunk: Buffer): void;
}

/** Server messages may repeat data: only the SQLSTATE is passed on. */
function lost(cause: unknown) {
  const state = sqlState(cause) ?? "";
  if (state === "55006") return slotProblem(cause);
  if (state === MISSING_FILE && isReadingLog(cause))
    return captureError("capture/slot-lost", "the database has removed log that our slot needed");
  const gone = !/^[0-9A-Z]{5}$/.test(state) || state.startsWith("57P") || state.startsWith("08");
  return gone
    ? captureError("capture/connection-lost", "the database closed the replication connection", { reason: state })
    : captureError("capture/stream-failed", `the database ended the stream (${state})`, { sqlstate: state });
}

const MISSING_FILE = "58P01";

/**
 * `pg_resetwal` takes the log away and leaves the slot, which the server goes on calling "reserved". Any other file that is
 * missing (a library, a table's) is the server's own trouble, and no reason to give a slot up.
 */
function isReadingLog(cause: unknown): boolean {
  const routine = typeof cause === "object" && cause !== null && "routine" in cause ? String(cause.routine) : "";
  return /^(?:WalSnd|WAL|XLog)/.test(routine);
}
