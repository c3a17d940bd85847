/**
 * Connections whose answers cannot be bent: whatever the server, the account or a proxy presets, the settings that row bytes
 * depend on are set after the login and read back.
 */
import { readFileSync } from "node:fs";
import { type Connection, type ConnectionOptions, createConnection } from "mysql2";
import { captureError } from "../errors.ts";
import { watchSilence } from "../silence.ts";
import { connectReason } from "./connect-reason.ts";
import { hangUp, isBusy, socketOf } from "./driver.ts";
import { readTexts } from "./result.ts";

export interface MariadbAddress {
  /** `mariadb://user:password@host:port/database`; `mysql://` means the same. */
  readonly url: string;
}

const CONNECT_MS_MAX = 15_000;
const PORT = 3306;

/** Name, value as SQL, and what the server must answer. */
const PINNED: readonly (readonly [name: string, value: string, answer: string | null])[] = [
  ["character_set_client", "utf8mb4", "utf8mb4"],
  ["character_set_connection", "utf8mb4", "utf8mb4"],
  // Without conversion: texts arrive as they are stored.
  ["character_set_results", "NULL", null],
  ["time_zone", "'+00:00'", "+00:00"],
  // No PAD_CHAR_TO_FULL_LENGTH, no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES.
  ["sql_mode", "''", ""],
  ["lc_time_names", "'en_US'", "en_US"],
  ["sql_select_limit", "18446744073709551615", "18446744073709551615"],
  ["old_mode", "''", ""],
  ["net_write_timeout", "31536000", "31536000"],
  ["net_read_timeout", "31536000", "31536000"],
  ["wait_timeout", "28800", "28800"],
  ["max_statement_time", "0", "0.000000"],
];

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`, `capture/unsupported-version` */
export async function connectMariadb(address: MariadbAddress): Promise<Connection> {
  const connection = createConnection(optionsOf(address.url));
  connection.on("error", () => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error === null ? resolve() : reject(error)));
    });
  } catch (cause) {
    hangUp(connection);
    const { why, reason } = connectReason(cause);
    throw captureError("capture/cannot-connect", why, reason === "" ? {} : { reason });
  }
  watchSilence({
    stream: () => socketOf(connection),
    isBusy: () => isBusy(connection),
    isAlive: () => isAtWork(address, connection.threadId),
  });
  try {
    await pin(connection);
    return connection;
  } catch (cause) {
    hangUp(connection);
    throw cause;
  }
}

/** Runs `work` on a connection of its own. */
export async function withMariadb<T>(address: MariadbAddress, work: (c: Connection) => Promise<T>): Promise<T> {
  const connection = await connectMariadb(address);
  try {
    return await work(connection);
  } finally {
    hangUp(connection);
  }
}

/** Whether the server is busy with that connection, as a new one tells. */
async function isAtWork(address: MariadbAddress, id: number): Promise<boolean> {
  const connection = createConnection(optionsOf(address.url));
  connection.on("error", () => undefined);
  const timer = setTimeout(() => hangUp(connection), CONNECT_MS_MAX);
  try {
    const sql = `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${Math.trunc(id)} AND COMMAND <> 'Sleep'`;
    return (await readTexts(connection, sql)).length === 1;
  } finally {
    clearTimeout(timer);
    hangUp(connection);
  }
}

/** The database in the address; undefined = all but the server's own. */
export function databaseOf(url: string): string | undefined {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  return name === "" ? undefined : name;
}

async function pin(connection: Connection): Promise<void> {
  const [version] = await readTexts(connection, "SELECT VERSION()");
  if (!/mariadb/i.test(version?.[0] ?? "")) {
    const message = "this is not a MariaDB: MySQL itself is not supported, send its changes with Debezium instead";
    throw captureError("capture/unsupported-version", message);
  }
  await readTexts(connection, `SET ${PINNED.map(([name, value]) => `SESSION ${name} = ${value}`).join(", ")}`);
  const [row] = await readTexts(connection, `SELECT ${PINNED.map(([name]) => `@@SESSION.${name}`).join(", ")}`);
  for (const [i, [name, , answer]] of PINNED.entries()) {
    if (row?.[i] === answer) continue;
    const message = `the session's ${name} does not stay as set: connect directly`;
    throw captureError("capture/session-not-pinned", message, { setting: name });
  }
}

function optionsOf(address: string): ConnectionOptions {
  const url = new URL(address);
  const database = databaseOf(address);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? PORT : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(database === undefined ? {} : { database }),
    connectTimeout: CONNECT_MS_MAX,
    enableKeepAlive: true,
    ...tls(url),
  };
}

/** `?sslmode=…` as for PostgreSQL: everything but `disable` means that the certificate is verified. */
function tls(url: URL): Pick<ConnectionOptions, "ssl"> {
  const mode = url.searchParams.get("sslmode") ?? url.searchParams.get("ssl-mode");
  const ca = url.searchParams.get("sslrootcert") ?? url.searchParams.get("ssl-ca");
  if ((mode === null && ca === null) || mode?.toLowerCase() === "disable" || mode?.toLowerCase() === "disabled")
    return {};
  return { ssl: { rejectUnauthorized: true, ...(ca === null ? {} : { ca: readFileSync(ca) }) } };
}

export const quoteName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
/** As hexadecimal digits: no setting of the session changes what they mean. */
export const quoteText = (text: string): string => `_utf8mb4 X'${Buffer.from(text).toString("hex")}'`;
