/** Reading the hospital's database for facts: one read-only transaction, rows in stretches, every value as text. */
import { connect, sqlState } from "@anamnesis/capture";
import { nodeError } from "../errors.ts";
import type { Columns } from "./detect.ts";

export type Row = readonly (string | null)[];

export interface FactsReader {
  columns(): Promise<Columns>;
  /** Calls back with each row; `names` are the names of the columns. @throws AnamnesisError `node/bad-mapping` */
  rows(what: string, sql: string, take: (row: Row, names: readonly string[]) => void): Promise<void>;
  /** Rows of a query with one list of texts for each parameter. */
  lookUp(sql: string, lists: readonly (readonly string[])[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

const STRETCH = 5_000;
const COLUMNS_SQL =
  "SELECT table_schema || '.' || table_name, column_name, udt_name FROM information_schema.columns " +
  "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, ordinal_position";

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned` */
export async function openFactsReader(url: string): Promise<FactsReader> {
  const client = await connect({ url });
  const asText = { getTypeParser: () => (value: string) => value };
  const query = (text: string, values: unknown[] = []) =>
    client.query<(string | null)[]>({ text, values, rowMode: "array", types: asText });
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    async columns() {
      const found = new Map<string, Map<string, string>>();
      for (const [table, column, type] of (await query(COLUMNS_SQL)).rows) {
        if (!table || !column) continue;
        found.set(table, (found.get(table) ?? new Map<string, string>()).set(column.toLowerCase(), type ?? ""));
      }
      return found;
    },
    async rows(what, sql, take) {
      try {
        // A cursor takes nothing but a query, and keeps memory flat.
        await client.query(`DECLARE facts NO SCROLL CURSOR FOR ${sql}`);
        for (;;) {
          const { rows, fields } = await query(`FETCH ${STRETCH} FROM facts`);
          const names = fields.map((field) => field.name);
          if (rows.length === 0) take([], names);
          for (const row of rows) take(row, names);
          if (rows.length < STRETCH) break;
        }
        await client.query("CLOSE facts");
      } catch (cause) {
        const state = sqlState(cause);
        if (state === undefined || state.length !== 5) throw cause;
        const details = { query: what, sqlstate: state };
        throw nodeError("node/bad-mapping", `the query "${what}" of the misuse mapping fails`, details, cause);
      }
    },
    async lookUp(sql, lists) {
      return (await query(sql, [...lists])).rows;
    },
    async close() {
      await client.end().catch(() => undefined);
    },
  };
}
