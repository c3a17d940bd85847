/**
 * The catalog as it stands still. The information schema is no snapshot: while a table is being altered it may lack the table,
 * its engine or its keys. A table that seems gone, or that looks different in two readings, is therefore looked at again; a
 * table that was known is believed gone only when the server refuses to open it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import { type CatalogOptions, isWanted, type MariaTable, quotedName, readMariaTables } from "./catalog.ts";
import { sqlCode } from "./connect-reason.ts";
import { readTexts } from "./result.ts";

const READINGS_MAX = 40;
const PAUSE_MS = 50;
const LOCK_SECONDS_MAX = 2;

export interface SettledOptions extends CatalogOptions {
  /** The database in the address, if there is one. */
  readonly database: string | undefined;
  /** Names (`database.table`) that were there before. */
  readonly known: Iterable<string>;
  /** What `toldOf` gave for these tables before: one reading that says the same is enough. */
  readonly before?: string | undefined;
}

/** @throws AnamnesisError `capture/catalog-changed` when the catalog does not come to rest: try again */
export async function readSettledTables(
  connection: Connection,
  options: SettledOptions,
): Promise<readonly MariaTable[]> {
  const known = [...options.known].filter((name) => isWanted(name, options));
  let before = options.before;
  for (let readings = 0; readings < READINGS_MAX; readings++) {
    if (readings > 0) await sleep(PAUSE_MS);
    const tables = await readMariaTables(connection, options, options.database);
    const told = toldOf(tables);
    const whole = tables.every((t) => t.refusal?.why !== "engine" || t.refusal.engine !== "");
    const present = new Set(tables.map((t) => t.name));
    const missing = known.filter((name) => !present.has(name));
    if (whole && told === before && !(await someOpen(connection, missing))) return tables;
    before = whole ? told : undefined;
  }
  throw captureError("capture/catalog-changed", "tables are being altered all the time");
}

/** What the tables are, without what moves all the time. */
export const toldOf = (tables: readonly MariaTable[]): string =>
  JSON.stringify(
    tables.map((t) => [
      ...[t.name, t.identity, t.refusal, t.columns, t.keyColumns, t.subjectColumns, t.generated, t.actingKeys],
    ]),
  );

/** Whether one of the tables can be opened after all. Opening waits for whoever is altering it. */
async function someOpen(connection: Connection, names: readonly string[]): Promise<boolean> {
  if (names.length > 0) await readTexts(connection, `SET SESSION lock_wait_timeout = ${LOCK_SECONDS_MAX}`);
  for (const name of names) {
    try {
      await readTexts(connection, `SELECT 1 FROM ${quotedName(name)} LIMIT 0`);
      return true;
    } catch (cause) {
      const code = sqlCode(cause) ?? "";
      if (code === "ER_LOCK_WAIT_TIMEOUT") return true;
      if (code !== "ER_NO_SUCH_TABLE" && code !== "ER_BAD_DB_ERROR" && !/DENIED/.test(code)) throw cause;
    }
  }
  return false;
}
