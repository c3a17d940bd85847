/** All rows as of one exported snapshot, read on a connection of its own. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import type { Snapshot, TableSchema } from "../source.ts";
import { type PgTable, selectRows } from "./catalog.ts";
import { copyRows } from "./copy.ts";
import { type ConnectOptions, connect, leave, quoteText } from "./session.ts";
import type { NewSlot } from "./slot.ts";

/**
 * Takes over the slot's snapshot. The holder's connection is closed as soon as the snapshot is ours, so a temporary slot
 * goes at once and holds nothing back.
 */
export async function openSnapshot(
  options: ConnectOptions,
  slot: NewSlot,
  tables: ReadonlyMap<string, PgTable>,
): Promise<Snapshot> {
  const client = await connect(options);
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteText(slot.snapshot)}`);
    const { rows } = await client.query<{ now: number }>(
      "SELECT pg_catalog.floor(extract(epoch FROM pg_catalog.now()) * 1000000)::float8 AS now",
    );
    return new PgSnapshot(client, slot.position, rows[0]?.now ?? 0, tables);
  } catch (cause) {
    await leave(client);
    throw cause;
  } finally {
    await leave(slot.holder);
  }
}

class PgSnapshot implements Snapshot {
  readonly position: bigint;
  readonly time: number;
  readonly #client: Client;
  readonly #tables: ReadonlyMap<string, PgTable>;

  constructor(client: Client, position: bigint, time: number, tables: ReadonlyMap<string, PgTable>) {
    this.#client = client;
    this.position = position;
    this.time = time;
    this.#tables = tables;
  }

  rows(table: TableSchema, onRow: (row: Uint8Array) => void | Promise<void>, signal: AbortSignal): Promise<number> {
    const known = this.#tables.get(table.name);
    if (known === undefined) throw captureError("capture/table-refused", "the table is not captured");
    return copyRows(this.#client, selectRows(known), onRow, signal);
  }

  async close(): Promise<void> {
    await leave(this.#client);
  }
}
