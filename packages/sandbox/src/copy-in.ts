import type pg from "pg";
import type { Value } from "./text.ts";
import { copyLine } from "./text.ts";

const CHUNK_BYTES = 64 * 1024;

/** The part of pg's connection that COPY needs; its published types leave it out. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * `COPY … FROM STDIN` with rows from memory, without another package: an object that pg's queue treats as a query.
 * Meant for bounded batches: nothing waits for the socket. Resolves to the number of rows the server took.
 */
export function copyIn(client: pg.ClientBase, sql: string, rows: Iterable<readonly Value[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    let failure: unknown;
    const statement = {
      submit: (connection: CopyConnection) => connection.query(sql),
      handleCopyInResponse: (connection: CopyConnection) => {
        for (const chunk of chunks(rows)) connection.sendCopyFromChunk(chunk);
        connection.endCopyFrom();
      },
      handleCommandComplete: (message: { text: string }) => {
        count = Number(message.text.split(" ").at(-1));
      },
      handleError: (error: unknown) => {
        failure = error;
        reject(error);
      },
      handleReadyForQuery: () => {
        if (failure === undefined) resolve(count);
      },
    };
    client.query(statement as unknown as pg.Submittable);
  });
}

function* chunks(rows: Iterable<readonly Value[]>): Generator<Buffer> {
  let text = "";
  for (const row of rows) {
    text += `${copyLine(row)}\n`;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
