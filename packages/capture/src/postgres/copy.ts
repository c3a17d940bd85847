/** `COPY … TO STDOUT`: rows as the server writes them, without parsing, in bounded memory. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { takeCopyMessages } from "./copy-messages.ts";

const LF = 0x0a;

/**
 * Runs `COPY (select) TO STDOUT` and hands out each row's bytes without the line feed; views, valid until the handler
 * returns. When the handler returns a promise, reading stops until it settles. Resolves with the number of rows.
 * @throws what the handler throws, the database's error, or `capture/stopped` when the signal aborts.
 */
export function copyRows(
  client: Client,
  select: string,
  onRow: (row: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  return copySpans(client, select, (bytes, from, to) => onRow(bytes.subarray(from, to)), signal);
}

/** The same for rows at `bytes[from, to)`: for whoever can do without a view of each. */
export async function copySpans(
  client: Client,
  select: string,
  onRow: (bytes: Uint8Array, from: number, to: number) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  const { connection } = client;
  let rows = 0;
  let failure: unknown;
  let waiting: Promise<void> = Promise.resolve();

  const fail = (cause: unknown): void => {
    if (failure !== undefined) return;
    failure = cause;
    // There is no polite way out of a running COPY: the connection goes, and with it the server's work.
    connection.stream.destroy();
  };
  const onData = (bytes: Uint8Array, from: number, to: number): void => {
    if (failure !== undefined) return;
    try {
      rows++;
      const wait = onRow(bytes, from, to > from && bytes[to - 1] === LF ? to - 1 : to);
      if (wait === undefined) return;
      connection.stream.pause();
      waiting = Promise.all([waiting, wait]).then(() => void connection.stream.resume());
      waiting.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  };
  const onMessage = ({ chunk }: { readonly chunk: Buffer }): void => onData(chunk, 0, chunk.length);
  const onAbort = (): void => fail(captureError("capture/stopped", "stopped while reading a table"));

  connection.on("copyData", onMessage);
  const messages = isIdle(client) ? takeCopyMessages(connection.stream, onData) : undefined;
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    await client.query(`COPY (${select}) TO STDOUT`);
    await waiting;
  } catch (cause) {
    throw failure ?? cause;
  } finally {
    messages?.end();
    connection.off("copyData", onMessage);
    signal?.removeEventListener("abort", onAbort);
  }
  if (failure !== undefined) throw failure;
  return rows;
}

const isIdle = (client: Client): boolean => (client as { readonly readyForQuery?: boolean }).readyForQuery === true;
