/**
 * Snapshots for verification on MariaDB. A transaction per table; the first read takes the metadata lock that every SELECT
 * takes, so nobody changes or empties the table until the report is done. Nothing is written: the newest commit in the binary
 * log is the marker.
 */
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import { type CatalogOptions, type MariaTable, qualifiedMaria, sameShape } from "../mariadb/catalog.ts";
import { connectMariadb, databaseOf } from "../mariadb/connect.ts";
import { sqlCode } from "../mariadb/connect-reason.ts";
import { hangUp } from "../mariadb/driver.ts";
import { endPosition, parseGtid, sequenceBefore } from "../mariadb/gtid.ts";
import { keyCondition } from "../mariadb/key.ts";
import type { PositionMemory } from "../mariadb/memory.ts";
import { explained } from "../mariadb/problems.ts";
import { readTexts } from "../mariadb/result.ts";
import { readSettledTables } from "../mariadb/settled.ts";
import { beginSnapshot, binlogPosition, readTableRows } from "../mariadb/snapshot.ts";
import type { Visibility } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import type { SourceCoverage, TableSnapshot, VerifySource } from "./source.ts";

export interface MariadbVerifyOptions {
  /** `mariadb://user:password@host:port/database` */
  readonly url: string;
  readonly catalog: CatalogOptions;
  /** The note of the capturing process: which tables it has taken in. */
  readonly memory: Pick<PositionMemory, "read">;
  /** Longest wait for a table that somebody holds in an exclusive lock. Default 60 s. */
  readonly lock_ms_max?: number;
}

const LOCK_MS_MAX = 60_000;
/** A table that was changed between the snapshot and the first read is not to be had in it: a newer snapshot shows it. */
const SNAPSHOTS_MAX = 5;

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`. */
export async function openMariadbVerify(options: MariadbVerifyOptions): Promise<VerifySource> {
  const reader = await connectMariadb(options);
  try {
    const seconds = Math.ceil((options.lock_ms_max ?? LOCK_MS_MAX) / 1_000);
    await readTexts(reader, `SET SESSION lock_wait_timeout = ${seconds}`);
    return new MariadbVerify(reader, await connectMariadb(options), options);
  } catch (error) {
    hangUp(reader);
    throw error;
  }
}

class MariadbVerify implements VerifySource {
  readonly unmarked = true;
  readonly #reader: Connection;
  readonly #other: Connection;
  readonly #options: MariadbVerifyOptions;
  readonly #database: string | undefined;

  constructor(reader: Connection, other: Connection, options: MariadbVerifyOptions) {
    this.#reader = reader;
    this.#other = other;
    this.#options = options;
    this.#database = databaseOf(options.url);
  }

  tables(): Promise<readonly MariaTable[]> {
    return explained("read its catalog", () => this.#read());
  }

  async coverage(_sourceName: string): Promise<SourceCoverage> {
    const tables = await this.tables();
    const unlogged = new Set<string>();
    return { tables, published: new Set(this.#options.memory.read()?.tables.keys()), unlogged };
  }

  async open(table: TableSchema): Promise<TableSnapshot | undefined> {
    return explained("read a table", async () => {
      for (let tries = 1; ; tries++) {
        const visibility = await this.#begin();
        try {
          await readTexts(this.#reader, `SELECT 1 FROM ${qualifiedMaria(table as MariaTable)} LIMIT 1`);
        } catch (cause) {
          const code = sqlCode(cause);
          await this.#end();
          if (code === "ER_NO_SUCH_TABLE" || code === "ER_BAD_DB_ERROR") return undefined;
          if (code === "ER_TABLE_DEF_CHANGED" && tries < SNAPSHOTS_MAX) continue;
          if (code !== "ER_LOCK_WAIT_TIMEOUT") throw cause;
          const message = "the table is held in an exclusive lock by another session: try again when that has ended";
          throw captureError("capture/timeout", message, { table: table.name });
        }
        const now = await this.#present(table as MariaTable);
        if (now === undefined) await this.#end();
        return now === undefined ? undefined : this.#snapshot(now, visibility);
      }
    });
  }

  async barrier(_token: string): Promise<bigint> {
    const newest = await explained("tell its position", async () => parseGtid(await binlogPosition(this.#other)));
    return endPosition(newest?.sequence ?? 0n);
  }

  formatPosition(position: bigint): string {
    return sequenceBefore(position).toString();
  }

  async close(): Promise<void> {
    hangUp(this.#reader);
    hangUp(this.#other);
  }

  async #begin(): Promise<Visibility> {
    const newest = await beginSnapshot(this.#reader);
    const next = Number(newest?.sequence ?? 0n) + 1;
    return { xmin: next, xmax: next, running: new Set() };
  }

  async #end(): Promise<void> {
    await readTexts(this.#reader, "ROLLBACK").catch(() => undefined);
  }

  /** The table as it is now that nobody can change it; the whole catalog is read again only when it differs. */
  async #present(table: MariaTable): Promise<MariaTable | undefined> {
    if (await sameShape(this.#other, table)) return table;
    const all = await this.#read();
    return all.find((t) => t.name === table.name);
  }

  #read(): Promise<readonly MariaTable[]> {
    const known = this.#options.memory.read()?.tables.keys() ?? [];
    return readSettledTables(this.#other, { ...this.#options.catalog, database: this.#database, known });
  }

  #snapshot(table: MariaTable, visibility: Visibility): TableSnapshot {
    return {
      table,
      visibility,
      rows: (onRows, key, signal) =>
        explained("read a table", () =>
          readTableRows(
            this.#reader,
            table,
            key === undefined ? "" : keyCondition(table, key),
            (row) => onRows({ bytes: row, places: Int32Array.of(0, row.length), count: 1 }),
            signal,
          ),
        ),
      close: () => this.#end(),
    };
  }
}
