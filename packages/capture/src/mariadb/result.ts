/** Text result sets, straight from the packets ("Text Resultset" of the client/server protocol). */
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import { hangUp, type Packet, pauseReading, resumeReading, send } from "./driver.ts";
import { lengthAt, lengthBytes, NULL_LENGTH } from "./lengths.ts";

const COM_QUERY = 0x03;
const EOF = 0xfe;
/** An EOF packet is shorter than any row that begins with a length of eight bytes. */
const EOF_BYTES_MAX = 9;

/** One row: the fields stand one behind the other from `at`, each with its length before it. */
export type RowHandler = (buffer: Buffer, at: number, end: number) => void | Promise<void>;

/** Runs one statement; resolves with the number of rows. Rows are views; a promise of the handler stops the reading. */
export async function readRows(
  connection: Connection,
  sql: string,
  onRow: RowHandler,
  signal?: AbortSignal,
): Promise<number> {
  let rows = 0;
  let columns = -1;
  let phase: "head" | "columns" | "rows" = "head";
  let waiting: Promise<void> = Promise.resolve();
  let failure: unknown;
  const fail = (cause: unknown): void => {
    failure ??= cause;
    // There is no polite way out of a running result: the connection goes, and with it the server's work.
    hangUp(connection);
  };
  const onPacket = ({ buffer, offset, end }: Packet): boolean => {
    if (phase === "head") {
      const first = buffer[offset];
      if (first === 0x00) return false;
      columns = lengthAt(buffer, offset);
      phase = "columns";
      return true;
    }
    if (buffer[offset] === EOF && end - offset < EOF_BYTES_MAX) {
      if (phase === "rows") return false;
      phase = "rows";
      return true;
    }
    if (phase === "columns") return columns-- > 0;
    rows++;
    const wait = onRow(buffer, offset, end);
    if (wait === undefined) return true;
    pauseReading(connection);
    waiting = Promise.all([waiting, wait]).then(() => resumeReading(connection));
    waiting.catch(fail);
    return true;
  };
  const { done } = send(connection, Buffer.concat([Buffer.of(COM_QUERY), Buffer.from(sql)]), onPacket);
  const stopped = stoppedBy(signal, fail);
  try {
    await Promise.race([done, stopped.promise]);
    await waiting;
  } catch (cause) {
    throw failure ?? cause;
  } finally {
    stopped.release();
  }
  return rows;
}

/** All rows of a small result, each as texts in column order. */
export async function readTexts(connection: Connection, sql: string): Promise<(string | null)[][]> {
  const all: (string | null)[][] = [];
  await readRows(connection, sql, (buffer, start, end) => {
    const row: (string | null)[] = [];
    for (let at = start; at < end; ) {
      const length = lengthAt(buffer, at);
      at += lengthBytes(buffer, at);
      row.push(length === NULL_LENGTH ? null : buffer.toString("utf8", at, at + length));
      if (length !== NULL_LENGTH) at += length;
    }
    all.push(row);
  });
  return all;
}

function stoppedBy(signal: AbortSignal | undefined, fail: (cause: unknown) => void) {
  let onAbort: (() => void) | undefined;
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => {
      const cause = captureError("capture/stopped", "stopped while reading a table");
      fail(cause);
      reject(cause);
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, release: () => onAbort && signal?.removeEventListener("abort", onAbort) };
}
