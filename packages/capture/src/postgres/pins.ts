/**
 * The session settings that we set ourselves: those that alter a row's text or the meaning of our SQL, and those that end
 * a session. An administrator can preset each per role or database, in the configuration or by the address; set after the
 * login nothing outranks it. `test/capture/types.integration.test.ts` holds the list against `pg_settings`.
 */
import type { Client } from "pg";
import { captureError } from "../errors.ts";

interface Pin {
  readonly name: string;
  readonly value: string;
  /** What the server answers when asked, where it is not the value. */
  readonly answer?: string;
  /** The value in a database that has no encoding. */
  readonly unencoded?: string;
  /** First version that knows it, as `server_version_num`. */
  readonly since?: number;
}

const pin = (name: string, value: string, more: Omit<Pin, "name" | "value"> = {}): Pin => ({ name, value, ...more });

export const TRANSACTION_TIMEOUT_SINCE = 170_000;

const PINNED: readonly Pin[] = [
  // What a value looks like as text.
  // Without an encoding the server converts nothing, and refuses to send as UTF8 what is not: bytes are taken as bytes.
  pin("client_encoding", "UTF8", { unencoded: "SQL_ASCII" }),
  pin("datestyle", "ISO, MDY"),
  pin("intervalstyle", "postgres"),
  pin("timezone", "UTC"),
  pin("extra_float_digits", "3"),
  pin("bytea_output", "hex"),
  pin("lc_monetary", "C"),
  pin("search_path", ""),
  pin("quote_all_identifiers", "off"),
  pin("xmlbinary", "base64"),
  // How our SQL and the key texts in it are read.
  pin("standard_conforming_strings", "on"),
  pin("xmloption", "content"),
  pin("array_nulls", "on"),
  pin("transform_null_equals", "off"),
  pin("gin_fuzzy_search_limit", "0"),
  // A policy that hides rows must be an error, not a snapshot with holes.
  pin("row_security", "off"),
  // What our transactions are unless they say so.
  pin("default_transaction_read_only", "off"),
  pin("default_transaction_isolation", "read committed"),
  pin("default_transaction_deferrable", "off"),
  // What would end the session, or a statement in it.
  pin("statement_timeout", "0"),
  pin("lock_timeout", "0"),
  pin("idle_in_transaction_session_timeout", "0"),
  pin("idle_session_timeout", "0"),
  pin("transaction_timeout", "0", { since: TRANSACTION_TIMEOUT_SINCE }),
  pin("exit_on_error", "off"),
  pin("tcp_user_timeout", "0"),
  pin("wal_sender_timeout", "60s", { answer: "1min" }),
  // Every message costs; nobody reads them.
  pin("client_min_messages", "error"),
];

const UNENCODED = "pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'";
const VERSION = "pg_catalog.current_setting('server_version_num')::pg_catalog.int4";

/** Sets all and reads them back. @throws AnamnesisError `capture/session-not-pinned`, and what the database says. */
export async function pinSession(client: Client): Promise<void> {
  const set = PINNED.map(({ name, value, since, unencoded = value }) => {
    const wanted =
      unencoded === value ? `'${value}'` : `CASE WHEN ${UNENCODED} THEN '${unencoded}' ELSE '${value}' END`;
    const call = `pg_catalog.set_config('${name}', ${wanted}, false)`;
    return since === undefined ? call : `CASE WHEN ${VERSION} >= ${since} THEN ${call} END`;
  });
  await client.query(`SELECT ${set.join(", ")}`);
  const read = PINNED.map(({ name, value, since, unencoded }, i) => {
    const setting = since === undefined ? `'${name}'` : `'${name}', ${VERSION} < ${since}`;
    const got = `pg_catalog.current_setting(${setting})`;
    if (unencoded === undefined) return `${got} AS s${i}`;
    return `CASE WHEN ${UNENCODED} AND ${got} = '${unencoded}' THEN '${value}' ELSE ${got} END AS s${i}`;
  });
  const { rows } = await client.query<Record<string, string | null>>(`SELECT ${read.join(", ")}`);
  for (const [i, { name, value, answer, since }] of PINNED.entries()) {
    const got = rows[0]?.[`s${i}`];
    if (got === (answer ?? value) || (got === null && since !== undefined)) continue;
    throw captureError("capture/session-not-pinned", `the session's ${name} does not stay as set: connect directly`, {
      setting: name,
    });
  }
}

/** Limits that can end a session before it is pinned, as the startup packet's `options`. */
export function patience(version: number): string {
  const limits = PINNED.filter(({ name, since = 0 }) => name.endsWith("_timeout") && since <= version);
  return limits.map(({ name, value }) => `-c ${name}=${value}`).join(" ");
}
