/**
 * Snapshots for verification on PostgreSQL. One transaction per table: locks and the horizon that keeps dead rows
 * alive last no longer than a report query over that table would hold them.
 *
 * TRUNCATE and ALTER TABLE take effect for older snapshots too. So the table is locked (ACCESS SHARE, the lock of every
 * SELECT) before the snapshot is taken; whoever wants to truncate it meanwhile waits as for any reader.
 */
import type { Client } from "pg";
import { readSums } from "../postgres/fingerprint.ts";
import {
  type CatalogOptions,
  connect,
  copyLots,
  objectName,
  type PgTable,
  publishedTables,
  qualified,
  readTables,
  selectRows,
  sqlState,
} from "../postgres/index.ts";
import { isNoValue, keyCondition, lockTable, putMarker } from "../postgres/one-table.ts";
import { leave } from "../postgres/session.ts";
import { readVisibility } from "../postgres/visibility.ts";
import type { Visibility } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import { verifyError } from "./errors.ts";
import type { OnRows, SourceCoverage, TableSnapshot, VerifySource } from "./source.ts";

export interface PostgresVerifyOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly catalog: CatalogOptions;
  /** Longest wait for a table that somebody holds in an exclusive lock. Default 60 s. */
  readonly lock_ms_max?: number;
}

const LOCK_MS_MAX = 60_000;
/** Tables of one snapshot, as large as they really are: estimates know nothing of what was never analysed. */
const SMALL_BYTES_MAX = 8_388_608;

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`. */
export async function openPostgresVerify(options: PostgresVerifyOptions): Promise<VerifySource> {
  const reader = await connect({ url: options.url });
  try {
    const seen = new SeenTables(options.catalog);
    // Read while the other connection is being made. Whoever asks for the tables later is told what was wrong.
    const early = inSnapshot(reader, () => seen.asOf(reader)).catch(() => undefined);
    const [marker] = await Promise.all([connect({ url: options.url }), early]);
    return new PostgresVerify(reader, marker, options, seen);
  } catch (error) {
    await leave(reader);
    throw error;
  }
}

class PostgresVerify implements VerifySource {
  readonly #reader: Client;
  readonly #marker: Client;
  readonly #options: PostgresVerifyOptions;
  readonly #seen: SeenTables;

  constructor(reader: Client, marker: Client, options: PostgresVerifyOptions, seen: SeenTables) {
    this.#reader = reader;
    this.#marker = marker;
    this.#options = options;
    this.#seen = seen;
  }

  tables(): Promise<readonly TableSchema[]> {
    return inSnapshot(this.#marker, () => this.#seen.asOf(this.#marker));
  }

  async coverage(sourceName: string): Promise<SourceCoverage> {
    const tables = await inSnapshot(this.#marker, () => this.#seen.asOf(this.#marker));
    const published = await publishedTables(this.#marker, objectName(sourceName));
    const unlogged = tables.filter((t) => t.unlogged).map((t) => t.name);
    return { tables, published: published ?? new Set(), unlogged: new Set(unlogged) };
  }

  async open(table: TableSchema): Promise<TableSnapshot | undefined> {
    const client = this.#reader;
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      if (!(await lockTable(client, table as PgTable, this.#options.lock_ms_max ?? LOCK_MS_MAX))) {
        await client.query("ROLLBACK");
        return undefined;
      }
      const visibility = await readVisibility(client);
      const all = await this.#seen.asOf(client);
      const now = all.find((t) => t.name === table.name);
      if (now !== undefined) return new PgTableSnapshot(client, now, visibility);
      await client.query("ROLLBACK");
      return undefined;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  /** No lock is waited for while others are held: nobody's ALTER of one table may wait for somebody's of another. */
  async openSmall(tables: readonly TableSchema[]): Promise<readonly TableSnapshot[] | undefined> {
    const client = this.#reader;
    const names = tables.map((table) => qualified(table as PgTable)).join(", ");
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      await client.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE NOWAIT`);
      const visibility = await readVisibility(client);
      const all = new Map((await this.#seen.asOf(client)).map((t) => [t.name, t]));
      const present = tables.flatMap((table) => all.get(table.name) ?? []);
      if (present.length === tables.length && (await isSmall(client, present))) {
        return present.map((table) => new PgTableSnapshot(client, table, visibility));
      }
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      if (!NOT_AT_ONCE.has(sqlState(error) ?? "")) throw error;
      return undefined;
    }
    await client.query("ROLLBACK");
    return undefined;
  }

  async barrier(token: string): Promise<bigint> {
    return (await putMarker(this.#marker, token)).lsn;
  }

  async close(): Promise<void> {
    await Promise.all([leave(this.#reader), leave(this.#marker)]);
  }
}

/** The tables as a client's snapshot has them, read anew only where the catalog is another one than it was for the last. */
class SeenTables {
  readonly #catalog: CatalogOptions;
  #sums: string | undefined;
  #tables: readonly PgTable[] = [];

  constructor(catalog: CatalogOptions) {
    this.#catalog = catalog;
  }

  async asOf(client: Client): Promise<readonly PgTable[]> {
    const sums = await readSums(client);
    if (sums !== this.#sums) {
      this.#tables = await readTables(client, this.#catalog, { unlogged: true });
      this.#sums = sums;
    }
    // Which handle a name stands for may have become known since.
    const { handles } = this.#catalog;
    return this.#tables.map((table) => ({ ...table, handle: handles.table(table.name) }));
  }
}

/** One picture of the catalog for all that `work` asks. */
async function inSnapshot<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    return await work();
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** Locked by somebody, or gone. */
const NOT_AT_ONCE: ReadonlySet<string> = new Set(["55P03", "42P01", "3F000"]);

async function isSmall(client: Client, tables: readonly PgTable[]): Promise<boolean> {
  const { rows } = await client.query<{ bytes: number | null }>(
    `SELECT pg_catalog.sum(pg_catalog.pg_relation_size(p.relid))::float8 AS bytes
       FROM pg_catalog.unnest($1::int8[]) AS t (oid), LATERAL (
            SELECT relid FROM pg_catalog.pg_partition_tree(t.oid::oid) UNION SELECT t.oid::oid) AS p`,
    [tables.map((t) => t.oid)],
  );
  return (rows[0]?.bytes ?? 0) <= SMALL_BYTES_MAX;
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

  async rows(onRows: OnRows, key?: readonly string[], signal?: AbortSignal): Promise<number> {
    const select = selectRows(this.table);
    if (key === undefined) return copyLots(this.#client, select, onRows, signal);
    try {
      return await copyLots(this.#client, `${select} WHERE ${keyCondition(this.table, key)}`, onRows, signal);
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
