/**
 * Snapshots for verification on PostgreSQL. One transaction per table: locks and the horizon that keeps dead rows
 * alive last no longer than a report query over that table would hold them.
 *
 * TRUNCATE and ALTER TABLE take effect for older snapshots too. So the table is locked (ACCESS SHARE, the lock of every
 * SELECT) before the snapshot is taken; whoever wants to truncate it meanwhile waits as for any reader.
 */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import {
  type CatalogOptions,
  connect,
  copyRows,
  objectName,
  type PgTable,
  publishedTables,
  qualified,
  quoteName,
  quoteText,
  readTables,
  selectRows,
  sqlState,
} from "../postgres/index.ts";
import type { Visibility } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import { verifyError } from "./errors.ts";
import type { SourceCoverage, TableSnapshot, VerifySource } from "./source.ts";

export interface PostgresVerifyOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly catalog: CatalogOptions;
  /** Longest wait for a table that somebody holds in an exclusive lock. Default 60 s. */
  readonly lock_ms_max?: number;
}

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`. */
export async function openPostgresVerify(options: PostgresVerifyOptions): Promise<VerifySource> {
  const reader = await connect({ url: options.url });
  try {
    const marker = await connect({ url: options.url });
    return new PostgresVerify(reader, marker, options);
  } catch (error) {
    await reader.end().catch(() => undefined);
    throw error;
  }
}

class PostgresVerify implements VerifySource {
  readonly #reader: Client;
  readonly #marker: Client;
  readonly #options: PostgresVerifyOptions;

  constructor(reader: Client, marker: Client, options: PostgresVerifyOptions) {
    this.#reader = reader;
    this.#marker = marker;
    this.#options = options;
  }

  tables(): Promise<readonly TableSchema[]> {
    return readTables(this.#marker, this.#options.catalog, { unlogged: true });
  }

  async coverage(sourceName: string): Promise<SourceCoverage> {
    const tables = await readTables(this.#marker, this.#options.catalog, { unlogged: true });
    const published = await publishedTables(this.#marker, objectName(sourceName));
    const unlogged = tables.filter((t) => t.unlogged).map((t) => t.name);
    return { published: published ?? new Set(), unlogged: new Set(unlogged) };
  }

  async open(table: TableSchema): Promise<TableSnapshot | undefined> {
    const client = this.#reader;
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      if (!(await this.#lock(table as PgTable))) {
        await client.query("ROLLBACK");
        return undefined;
      }
      const visibility = await readVisibility(client);
      const all = await readTables(client, this.#options.catalog, { unlogged: true });
      const now = all.find((t) => t.name === table.name);
      if (now !== undefined) return new PgTableSnapshot(client, now, visibility);
      await client.query("ROLLBACK");
      return undefined;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async barrier(token: string): Promise<bigint> {
    // The commit must be flushed to be decoded; the role may have asked for less.
    await this.#marker.query("SET synchronous_commit = local");
    await this.#marker.query("SELECT pg_catalog.pg_logical_emit_message(true, 'anamnesis.barrier', $1)", [token]);
    const { rows } = await this.#marker.query<{ lsn: string }>(
      "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::pg_catalog.text AS lsn",
    );
    return BigInt(rows[0]?.lsn ?? 0);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#reader.end(), this.#marker.end()]);
  }

  /** False when the table does not exist any more. */
  async #lock(table: PgTable): Promise<boolean> {
    await this.#reader.query(`SET LOCAL lock_timeout = ${Math.trunc(this.#options.lock_ms_max ?? 60_000)}`);
    try {
      await this.#reader.query(`LOCK TABLE ${qualified(table)} IN ACCESS SHARE MODE`);
      return true;
    } catch (cause) {
      const code = (cause as { readonly code?: unknown }).code;
      if (code === "42P01" || code === "3F000") return false;
      if (code !== "55P03") throw cause;
      const message = "the table is held in an exclusive lock by another session: try again when that has ended";
      throw captureError("capture/timeout", message, { table: table.name });
    }
  }
}

class PgTableSnapshot implements TableSnapshot {
  readonly table: PgTable;
  readonly visibility: Visibility;
  readonly #client: Client;

  constructor(client: Client, table: PgTable, visibility: Visibility) {
    this.#client = client;
    this.table = table;
    this.visibility = visibility;
  }

  async rows(onRow: (row: Uint8Array) => void, key?: readonly string[], signal?: AbortSignal): Promise<number> {
    const select = selectRows(this.table);
    if (key === undefined) return copyRows(this.#client, select, onRow, signal);
    try {
      return await copyRows(this.#client, `${select} WHERE ${keyCondition(this.table, key)}`, onRow, signal);
    } catch (cause) {
      if (!isNoValue(sqlState(cause))) throw cause;
      const types = this.table.keyColumns.map((i) => this.table.columns[i]?.type.replace("pg_catalog.", "") ?? "?");
      const message = `the database cannot read the key as ${types.join("|")}`;
      throw verifyError("capture/malformed-key", message, { table: this.table.name });
    }
  }

  async close(): Promise<void> {
    await this.#client.query("ROLLBACK").catch(() => undefined);
  }
}

/** "Data exception" (22…), and what the types that name objects (`regclass` and others) say of an unknown name. */
const isNoValue = (state: string | undefined): boolean =>
  state?.startsWith("22") === true || ["3F000", "42602", "42704", "42883", "42P01"].includes(state ?? "");

/** Types of the system compare by their own operator and index; others by their text, wherever their operator lives. */
function keyCondition(table: PgTable, key: readonly string[]): string {
  const parts = table.keyColumns.map((index, i) => {
    const column = table.columns[index];
    const text = key[i];
    if (column === undefined || text === undefined)
      throw captureError("capture/malformed-row", "the key has too few parts");
    const name = quoteName(column.name);
    return column.type.startsWith("pg_catalog.")
      ? `${name} = ${quoteText(text)}`
      : `${name}::pg_catalog.text = ${quoteText(text)}`;
  });
  return parts.join(" AND ");
}

async function readVisibility(client: Client): Promise<Visibility> {
  const { rows } = await client.query<{ s: string }>("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS s");
  return parseSnapshot(rows[0]?.s ?? "");
}

/** Reads `xmin:xmax:xip,…` (PostgreSQL, "pg_snapshot"). @throws AnamnesisError `capture/malformed-row` on other text. */
export function parseSnapshot(text: string): Visibility {
  const [, xmin, xmax, list] = /^(\d{1,16}):(\d{1,16}):((?:\d{1,16}(?:,\d{1,16})*)?)$/.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined || list === undefined) {
    throw captureError("capture/malformed-row", "the database names its snapshot in a form this version does not know");
  }
  return { xmin: Number(xmin), xmax: Number(xmax), running: new Set(list === "" ? [] : list.split(",").map(Number)) };
}
