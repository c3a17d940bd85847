/**
 * The connection on which the server sends its binary log. Back-pressure costs the hospital nothing: the log lies on its disk
 * anyway, and the server waits in the system's network buffers.
 */
import { randomInt } from "node:crypto";
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import type { Stream } from "../source.ts";
import { Checksum } from "./checksum.ts";
import { connectMariadb, type MariadbAddress } from "./connect.ts";
import { sqlCode } from "./connect-reason.ts";
import { LostSignal } from "./decoder.ts";
import { hangUp, type Packet, pauseReading, resumeReading, send } from "./driver.ts";
import { explain } from "./problems.ts";
import { readTexts } from "./result.ts";

const COM_BINLOG_DUMP = 0x12;
/** MariaDB: with the statements' texts, which may say who acts. */
const WITH_STATEMENTS = 2;
const HEARTBEAT_SECONDS = 2;
const SILENCE_MS_MAX = 30_000;
const EOF = 0xfe;
const EOF_BYTES_MAX = 9;
/** Server ids of replicas: ours is one of the upper half, where nobody numbers by hand. */
const SERVER_IDS = { from: 2 ** 31, to: 2 ** 32 - 1 };

export interface DumpOptions extends MariadbAddress {
  /** Everything after this position, as the server writes positions; empty = from the beginning. */
  readonly after: string;
  readonly signal: AbortSignal;
}

export interface DumpHandler {
  /** An event in `[at, end)` of the buffer, a view. False ends the stream. */
  event(buffer: Buffer, at: number, end: number): boolean;
  acknowledge(position: bigint): void;
}

/** @throws AnamnesisError `capture/cannot-connect`, `capture/no-replication-right` when it ends at once: see `done` */
export async function openDump(options: DumpOptions, handler: DumpHandler): Promise<Dump> {
  const connection = await connectMariadb(options);
  try {
    for (const sql of [
      "SET @mariadb_slave_capability = 4",
      "SET @master_binlog_checksum = @@GLOBAL.binlog_checksum",
      `SET @master_heartbeat_period = ${HEARTBEAT_SECONDS * 1_000_000_000}`,
      `SET @slave_connect_state = '${options.after}'`,
      "SET @slave_gtid_strict_mode = 1",
    ])
      await readTexts(connection, sql);
  } catch (cause) {
    hangUp(connection);
    throw explain(cause, "prepare the stream");
  }
  return new Dump(connection, options.signal, handler);
}

export class Dump implements Stream {
  readonly done: Promise<void>;
  readonly #connection: Connection;
  readonly #handler: DumpHandler;
  readonly #checksum = new Checksum();
  #heard = performance.now();
  #paused = false;
  #ending = false;
  #stop: () => void = () => undefined;

  constructor(connection: Connection, signal: AbortSignal, handler: DumpHandler) {
    this.#connection = connection;
    this.#handler = handler;
    const stopped = new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
    let fail: (cause: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const onError = (cause: unknown): void => fail(cause);
    connection.on("error", onError);
    const timer = setInterval(() => this.#listen(fail), 1_000);
    const onAbort = (): void => this.end();
    signal.addEventListener("abort", onAbort, { once: true });
    const { done } = send(connection, dumpCommand(), (packet) => this.#packet(packet));
    this.done = Promise.race([stopped, failed, done.then(() => Promise.reject(closed()))])
      .catch((cause: unknown) => {
        if (!this.#ending) throw problem(cause);
      })
      .finally(() => {
        clearInterval(timer);
        signal.removeEventListener("abort", onAbort);
        this.#ending = true;
        hangUp(connection);
      });
    this.done.catch(() => undefined);
    if (signal.aborted) this.end();
  }

  pause(): void {
    this.#paused = true;
    pauseReading(this.#connection);
  }

  resume(): void {
    if (this.#ending || !this.#paused) return;
    this.#paused = false;
    this.#heard = performance.now();
    resumeReading(this.#connection);
  }

  acknowledge(position: bigint): void {
    this.#handler.acknowledge(position);
  }

  end(): void {
    this.#ending = true;
    this.#stop();
  }

  #packet({ buffer, offset, end }: Packet): boolean {
    if (this.#ending) return true;
    this.#heard = performance.now();
    if (buffer[offset] === EOF && end - offset < EOF_BYTES_MAX) return false;
    if (!this.#handler.event(buffer, offset + 1, this.#checksum.strip(buffer, offset + 1, end))) this.end();
    return true;
  }

  #listen(fail: (cause: unknown) => void): void {
    if (this.#paused || performance.now() - this.#heard < SILENCE_MS_MAX) return;
    fail(captureError("capture/connection-lost", "the database has fallen silent", {}));
  }
}

function dumpCommand(): Buffer {
  const command = Buffer.alloc(11);
  command[0] = COM_BINLOG_DUMP;
  command.writeUInt32LE(4, 1);
  command.writeUInt16LE(WITH_STATEMENTS, 5);
  command.writeUInt32LE(randomInt(SERVER_IDS.from, SERVER_IDS.to), 7);
  return command;
}

const closed = () => captureError("capture/connection-lost", "the database ended the stream");

/** What the server answers when it no longer has, or never had, the place that is asked for. */
const NOT_THERE: ReadonlySet<string> = new Set([
  "ER_MASTER_FATAL_ERROR_READING_BINLOG",
  "ER_GTID_POSITION_NOT_FOUND_IN_BINLOG",
  "ER_GTID_POSITION_NOT_FOUND_IN_BINLOG2",
  "ER_GTID_START_FROM_BINLOG_HOLE",
]);
const NOT_THERE_NUMBERS: ReadonlySet<number> = new Set([1236, 1945, 1951, 1955]);

function problem(cause: unknown): unknown {
  const code = sqlCode(cause) ?? "";
  const number =
    typeof cause === "object" && cause !== null && "errno" in cause && typeof cause.errno === "number"
      ? cause.errno
      : 0;
  if (NOT_THERE.has(code) || NOT_THERE_NUMBERS.has(number))
    return new LostSignal("the server's log does not go on from our place");
  if (code === "ER_SPECIFIC_ACCESS_DENIED_ERROR" || code === "ER_ACCESS_DENIED_ERROR")
    return captureError(
      "capture/no-replication-right",
      "the account may not replicate: GRANT REPLICATION SLAVE ON *.*",
    );
  if (cause instanceof LostSignal) return cause;
  return explain(cause, "send its binary log");
}
