/**
 * Connections whose text output cannot be bent. The canonical row depends on session settings that an administrator
 * can preset per role or database (`ALTER ROLE … SET`), by the address or through a pooler: so each is set after the
 * login, where nothing outranks it, and read back.
 */
import { Client, type ClientConfig } from "pg";
import { captureError } from "../errors.ts";
import { connectReason } from "./connect-reason.ts";

/** Name, value to set, and what the server must answer. */
const PINNED: readonly (readonly [name: string, value: string, answer?: string])[] = [
  ["client_encoding", "UTF8"],
  ["datestyle", "ISO, MDY"],
  ["intervalstyle", "postgres"],
  ["timezone", "UTC"],
  ["extra_float_digits", "3"],
  ["bytea_output", "hex"],
  ["lc_monetary", "C"],
  ["search_path", "", ""],
  ["quote_all_identifiers", "off"],
  ["xmlbinary", "base64"],
  ["standard_conforming_strings", "on"],
  // A policy that hides rows must be an error, not a snapshot with holes.
  ["row_security", "off"],
  ["statement_timeout", "0"],
  ["idle_in_transaction_session_timeout", "0"],
];

const CONNECT_MS_MAX = 15_000;

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** A walsender connection: speaks the replication protocol besides simple queries. */
  readonly replication?: boolean;
}

/**
 * A pinned connection. Losing it later is told to whoever waits on it, never thrown out of the blue.
 * @throws AnamnesisError `capture/cannot-connect`, `capture/no-replication-right` or `capture/session-not-pinned`.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const config: ClientConfig & { replication?: string } = {
    connectionString: strictTls(options.url),
    application_name: "anamnesis",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
  };
  if (options.replication === true) config.replication = "database";
  const client = new Client(config);
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw connectProblem(cause, options.replication === true);
  }
  try {
    await pin(client);
  } catch (cause) {
    await client.end().catch(() => undefined);
    throw cause;
  }
  return client;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(options: ConnectOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function pin(client: Client): Promise<void> {
  const set = PINNED.map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`);
  await client.query(`SELECT ${set.join(", ")}`);
  const read = PINNED.map(([name], i) => `pg_catalog.current_setting('${name}') AS s${i}`);
  const { rows } = await client.query<Record<string, string>>(`SELECT ${read.join(", ")}`);
  for (const [i, [name, value, answer]] of PINNED.entries()) {
    const got = rows[0]?.[`s${i}`];
    if (got === (answer ?? value)) continue;
    throw captureError("capture/session-not-pinned", `the session's ${name} does not stay as set: connect directly`, {
      setting: name,
    });
  }
}

/**
 * The driver checks the certificate with `prefer`, `require` and `verify-ca` as it does with `verify-full`, and prints a
 * warning of its own about that each time: said as it is meant, it is silent.
 */
function strictTls(url: string): string {
  if (/[?&]uselibpqcompat=/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|#|$)/, "$1verify-full");
}

/** A role that may connect but not replicate is told apart; everything else is why nobody answers. */
function connectProblem(cause: unknown, replication: boolean) {
  const code = sqlState(cause) ?? "";
  if (replication && (code === "42501" || code === "28000")) {
    return captureError(
      "capture/no-replication-right",
      "the role may not replicate: ALTER ROLE … REPLICATION, and allow it in pg_hba.conf",
      { sqlstate: code },
    );
  }
  const { why, reason } = connectReason(cause);
  return captureError("capture/cannot-connect", why, reason === "" ? {} : { reason });
}

/** SQLSTATE or the system's error code. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
