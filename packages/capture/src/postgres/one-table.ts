/** What the readers of single tables share: a lock like a SELECT's, the condition for one key, the marker in the log. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { type PgTable, qualified } from "./catalog.ts";
import { quoteName, quoteText, readProblem, sqlState } from "./session.ts";

/**
 * Takes ACCESS SHARE, the lock of every SELECT: until the transaction ends nobody changes the table's columns or empties it
 * beside the snapshot. False when the table does not exist any more. @throws AnamnesisError `capture/timeout`.
 */
export async function lockTable(client: Client, table: PgTable, lockMsMax: number): Promise<boolean> {
  try {
    await client.query(
      `SET LOCAL lock_timeout = ${Math.trunc(lockMsMax)}; LOCK TABLE ${qualified(table)} IN ACCESS SHARE MODE`,
    );
    return true;
  } catch (cause) {
    const code = sqlState(cause);
    if (code === "42P01" || code === "3F000") return false;
    if (code !== "55P03") throw readProblem(cause);
    const message = "the table is held in an exclusive lock by another session: try again when that has ended";
    throw captureError("capture/timeout", message, { table: table.name });
  }
}

/** "Data exception" (22…), and what the types that name objects (`regclass` and others) say of an unknown name. */
export const isNoValue = (state: string | undefined): boolean =>
  state?.startsWith("22") === true || ["3F000", "42602", "42704", "42883", "42P01"].includes(state ?? "");

/** Types of the system compare by their own operator and index; others by their text, wherever their operator lives. */
export function keyCondition(table: PgTable, key: readonly string[]): string {
  const parts = table.keyColumns.map((index, i) => {
    const column = table.columns[index];
    const text = key[i];
    if (column === undefined || text === undefined)
      throw captureError("capture/malformed-row", "the key has too few parts");
    const name = quoteName(column.name);
    const own = /^pg_catalog\.(.*)$/su.exec(column.type)?.[1];
    // The type is named: types without an operator of their own (regclass) would read a bare literal as another one.
    return own === undefined
      ? `${name}::pg_catalog.text = ${quoteText(text)}`
      : `${name} = ${quoteText(text)}::pg_catalog.${quoteName(own)}`;
  });
  return parts.join(" AND ");
}

/** Puts a marker into the log; its transaction's id, and a position at or after it. */
export async function putMarker(
  client: Client,
  token: string,
): Promise<{ readonly xid: bigint; readonly lsn: bigint }> {
  // The commit must be flushed to be decoded; the role may have asked for less.
  await client.query("SET synchronous_commit = local");
  const sent = await client.query<{ xid: string }>(
    `SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text AS xid,
            pg_catalog.pg_logical_emit_message(true, 'anamnesis.barrier', $1)`,
    [token],
  );
  return { xid: BigInt(sent.rows[0]?.xid ?? 0), lsn: await insertPosition(client) };
}

export async function insertPosition(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>(
    "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::pg_catalog.text AS lsn",
  );
  return BigInt(rows[0]?.lsn ?? 0);
}
