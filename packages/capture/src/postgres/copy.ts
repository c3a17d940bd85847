/** `COPY … TO STDOUT`: rows as the server writes them, without parsing, in bounded memory. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { isIdle, type RowLot, takeCopyMessages } from "./copy-messages.ts";
import { readProblem } from "./session.ts";

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
  const onRows = ({ bytes, places, count }: RowLot): void | Promise<unknown> => {
    const waits: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const wait = onRow(bytes.subarray(places[2 * i], places[2 * i + 1]));
      if (wait !== undefined) waits.push(wait);
    }
    if (waits.length > 0) return Promise.all(waits);
  };
  return copyLots(client, select, onRows, signal);
}

/** The same for rows as they come together: for whoever can do without a view of each. */
export async function copyLots(
  client: Client,
  select: string,
  onRows: (rows: RowLot) => void | Promise<unknown>,
  signal?: AbortSignal,
): Promise<number> {
  const { connection } = client;
  let rows = 0;
  let failure: unknown;
  let waiting: Promise<unknown> = Promise.resolve();

  const fail = (cause: unknown): void => {
    if (failure !== undefined) return;
    failure = cause;
    // There is no polite way out of a running COPY: the connection goes, and with it the server's work.
    connection.stream.destroy();
  };
  const onLot = (lot: RowLot): void => {
    if (failure !== undefined) return;
    try {
      rows += lot.count;
      const wait = onRows(lot);
      if (wait === undefined) return;
      connection.stream.pause();
      waiting = Promise.all([waiting, wait]).then(() => void connection.stream.resume());
      waiting.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  };
  const onMessage = ({ chunk }: { readonly chunk: Buffer }): void => {
    const end = chunk.length > 0 && chunk[chunk.length - 1] === LF ? chunk.length - 1 : chunk.length;
    onLot({ bytes: chunk, places: Int32Array.of(0, end), count: 1 });
  };
  const onAbort = (): void => fail(captureError("capture/stopped", "stopped while reading a table"));

  connection.on("copyData", onMessage);
  const messages = isIdle(client) ? takeCopyMessages(connection.stream, "rows", onLot) : undefined;
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    await client.query(`COPY (${select}) TO STDOUT`);
    await waiting;
  } catch (cause) {
    throw failure ?? readProblem(cause);
  } finally {
    messages?.end();
    connection.off("copyData", onMessage);
    signal?.removeEventListener("abort", onAbort);
  }
  if (failure !== undefined) throw failure;
  return rows;
}
