/** What a snapshot of PostgreSQL sees. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import type { Visibility } from "../row-index.ts";

export async function readVisibility(client: Client): Promise<Visibility> {
  const { rows } = await client.query<{ s: string }>("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS s");
  return parseSnapshot(rows[0]?.s ?? "");
}

/** The same with the time of the moment, microseconds since 1970. */
export async function readMoment(client: Client): Promise<{ readonly visibility: Visibility; readonly time: number }> {
  const { rows } = await client.query<{ s: string; now: number }>(
    `SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS s,
            pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::float8 AS now`,
  );
  return { visibility: parseSnapshot(rows[0]?.s ?? ""), time: rows[0]?.now ?? 0 };
}

/** Reads `xmin:xmax:xip,…` (PostgreSQL, "pg_snapshot"). @throws AnamnesisError `capture/malformed-row` on other text. */
export function parseSnapshot(text: string): Visibility {
  const [, xmin, xmax, list] = /^(\d{1,16}):(\d{1,16}):((?:\d{1,16}(?:,\d{1,16})*)?)$/.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined || list === undefined) {
    throw captureError("capture/malformed-row", "the database names its snapshot in a form this version does not know");
  }
  return { xmin: Number(xmin), xmax: Number(xmax), running: new Set(list === "" ? [] : list.split(",").map(Number)) };
}
