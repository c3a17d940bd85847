/** `COPY … TO STDOUT`: rows as the server writes them, without parsing, in bounded memory. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";

const LF = 0x0a;

/**
 * Runs `COPY (select) TO STDOUT` and hands out each row's bytes without the line feed; views, valid until the handler
 * returns. When the handler returns a promise, reading stops until it settles. Resolves with the number of rows.
 * @throws what the handler throws, the database's error, or `capture/stopped` when the signal aborts.
 */
export async function copyRows(
  client: Client,
  select: string,
  onRow: (row: Uint8Array) => void | Promise<void>,
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
  const onData = (message: { readonly chunk: Buffer }): void => {
    if (failure !== undefined) return;
    const { chunk } = message;
    try {
      rows++;
      const end = chunk.length > 0 && chunk[chunk.length - 1] === LF ? chunk.length - 1 : chunk.length;
      const wait = onRow(chunk.subarray(0, end));
      if (wait === undefined) return;
      connection.stream.pause();
      waiting = Promise.all([waiting, wait]).then(() => void connection.stream.resume());
      waiting.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  };
  const onAbort = (): void => fail(captureError("capture/stopped", "stopped while reading a table"));

  connection.on("copyData", onData);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    await client.query(`COPY (${select}) TO STDOUT`);
    await waiting;
  } catch (cause) {
    throw failure ?? cause;
  } finally {
    connection.off("copyData", onData);
    signal?.removeEventListener("abort", onAbort);
  }
  if (failure !== undefined) throw failure;
  return rows;
}
