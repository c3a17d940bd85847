/**
 * Connections whose text output cannot be bent. The canonical row depends on session settings that an administrator
 * can preset per role or database (`ALTER ROLE … SET`), by the address or through a pooler: so each is set after the
 * login, where nothing outranks it, and read back.
 */
import { Client, type ClientConfig } from "pg";
import { captureError } from "../errors.ts";
import { SILENT_MS, watchSilence } from "../silence.ts";
import { connectReason } from "./connect-reason.ts";
import { patience, pinSession, TRANSACTION_TIMEOUT_SINCE } from "./pins.ts";

const CONNECT_MS_MAX = 15_000;
/** Between the two, the server lets go of a session whose client has vanished; by itself it takes hours. */
const KEEPALIVES = { idle: 60, interval: 10, count: 6 };
const LEAVE_MS_MAX = 1_000;

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** A walsender connection: speaks the replication protocol besides simple queries. */
  readonly replication?: boolean;
  /** So long nothing is heard before somebody asks whether the server is still there. */
  readonly silentMs?: number;
}

/**
 * A pinned connection. Losing it later is told to whoever waits on it, never thrown out of the blue.
 * @throws AnamnesisError `capture/cannot-connect`, `capture/no-replication-right` or `capture/session-not-pinned`.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const url = strictTls(options.url);
  const first = await attempt(options, url);
  if (first.pinned) return first.client;
  // A limit of the role or database ended the session at once. Only now, for poolers refuse what they do not know.
  const second = await attempt(options, withOptions(url, patience(first.version)));
  if (second.pinned) return second.client;
  throw captureError("capture/session-not-pinned", "a time limit of this role ends its sessions at once: reset it");
}

/** Without `pinned` a preset limit has ended the session. */
interface Attempt {
  readonly client: Client;
  version: number;
  pinned: boolean;
}

/** SQLSTATE of a long transaction: the only limit that reaches into the login. */
const TRANSACTION_LIMIT = "25P04";
/** Cancelled by a timeout, or ended for an idle session, an idle transaction, or a long one. */
const LIMITED: readonly string[] = ["57014", "57P05", "25P03", TRANSACTION_LIMIT];

async function attempt(options: ConnectOptions, url: string): Promise<Attempt> {
  const config: ClientConfig & { replication?: string } = {
    connectionString: url,
    application_name: "anamnesis",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
  };
  if (options.replication === true) config.replication = "database";
  const client = new Client(config);
  const made: Attempt = { client, version: 0, pinned: false };
  let ended: string | undefined;
  client.on("error", (cause) => {
    ended ??= sqlState(cause);
  });
  client.connection.on("parameterStatus", (told: { parameterName: string; parameterValue: string }) => {
    if (told.parameterName === "server_version") made.version = versionNumber(told.parameterValue);
  });
  try {
    await client.connect();
  } catch (cause) {
    if (sqlState(cause) !== TRANSACTION_LIMIT) throw connectProblem(cause, options.replication === true);
    return { ...made, version: TRANSACTION_TIMEOUT_SINCE };
  }
  try {
    await watch(client, options, url);
    await pinSession(client);
    made.pinned = true;
  } catch (cause) {
    await leave(client);
    if (![sqlState(cause), ended].some((state) => LIMITED.includes(state ?? ""))) throw cause;
  }
  return made;
}

const versionNumber = (text: string): number => 10_000 * Number.parseInt(text, 10);

/** The address with more options for the session; those that it has stay, and come first. */
function withOptions(url: string, more: string): string {
  const given = /[?&]options=([^&#]*)/.exec(url)?.[1];
  const all = given === undefined ? encodeURIComponent(more) : `${given}%20${encodeURIComponent(more)}`;
  return `${url}${url.includes("?") ? "&" : "?"}options=${all}`;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(options: ConnectOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await leave(client);
  }
}

/** Takes leave, and does not wait for long that the server does. */
export async function leave(client: Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), LEAVE_MS_MAX);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

/** Both sides notice when the other one has vanished. */
async function watch(client: Client, { silentMs = SILENT_MS }: ConnectOptions, url: string): Promise<void> {
  let pid = -1;
  watchSilence(
    {
      stream: () => client.connection.stream,
      isBusy: () => (client as { readonly readyForQuery?: boolean }).readyForQuery !== true,
      isAlive: () => isAtWork(url, pid),
    },
    silentMs,
  );
  // A server whose system cannot do it takes no notice.
  const set = Object.entries(KEEPALIVES).map(([n, v]) => `pg_catalog.set_config('tcp_keepalives_${n}', '${v}', false)`);
  const { rows } = await client.query<{ pid: number }>(`SELECT pg_catalog.pg_backend_pid() AS pid, ${set.join(", ")}`);
  pid = rows[0]?.pid ?? pid;
}

async function isAtWork(url: string, pid: number): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: "anamnesis",
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: CONNECT_MS_MAX,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const sql = "SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND state NOT LIKE 'idle%'";
    return (await client.query(sql, [pid])).rowCount === 1;
  } finally {
    await leave(client);
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

/** Says what to do where the role may not read a table, or a policy would hide rows of it; other causes as they are. */
export function readProblem(cause: unknown): unknown {
  if (sqlState(cause) !== "42501") return cause;
  return captureError(
    "capture/no-read-right",
    "this role may not read all rows: GRANT SELECT on the tables, and ALTER ROLE … BYPASSRLS where row security hides some",
  );
}

/** SQLSTATE or the system's error code. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
