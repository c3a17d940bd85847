/** `source check`, the part about reads: whether the server writes them down, whether we may read that, and what stays unseen. */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Client } from "pg";
import { quoteName, quoteText, sqlState, withClient } from "../postgres/session.ts";
import type { AuditMode } from "./feed.ts";
import { LogFolder } from "./log-files.ts";
import { autoExplainNeeds, type Need, pgauditNeeds } from "./settings.ts";

export interface ReadsCheck {
  readonly problems: readonly {
    readonly code: "capture/reads-not-logged" | "capture/log-unreadable";
    readonly message: string;
  }[];
  readonly sees: readonly string[];
  readonly cannotSee: readonly string[];
}

/** @throws AnamnesisError `capture/cannot-connect`. */
export async function checkReads(options: {
  readonly url: string;
  readonly mode: AuditMode;
  readonly log: string;
}): Promise<ReadsCheck> {
  return withClient({ url: options.url }, async (client) => {
    const server = await readSettings(client);
    const needs = options.mode === "pgaudit" ? pgauditNeeds(server) : autoExplainNeeds(server);
    const missing = needs.filter((need) => need.missing);
    const partly = missing.filter((need) => server.byRole.has(need.name));
    const problems = missing.filter((need) => !partly.includes(need)).map(problemOf);
    if (server.hidden) problems.unshift(HIDDEN(server.role));
    return {
      problems: [...problems, ...(await logProblems(client, options.log))],
      sees: [
        `reads, from the server's log (${options.mode}): per row where the statement holds the key to values, else per patient or table`,
      ],
      cannotSee: [...onlySome(partly), ...UNSEEN[options.mode], ...UNSEEN_ALWAYS],
    };
  });
}

export interface LogSettings {
  readonly version: number;
  /** Settings by name; those of modules that are not loaded are missing. */
  readonly values: ReadonlyMap<string, string>;
  /** Names of settings that are set for some roles or databases only. */
  readonly byRole: ReadonlySet<string>;
  readonly role: string;
  /** The role may not see all settings. */
  readonly hidden: boolean;
}

async function readSettings(client: Client): Promise<LogSettings> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE name ~ '^(log_|logging_|pgaudit|auto_explain|shared_preload|server_version_num)'",
  );
  const values = new Map(rows.map((row) => [row.name, row.setting]));
  const own = await client.query<{ setting: string }>(
    "SELECT pg_catalog.unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting",
  );
  const role = await client.query<{ role: string }>("SELECT current_user AS role");
  return {
    version: Number(values.get("server_version_num") ?? "0"),
    values,
    byRole: new Set(own.rows.map((row) => row.setting.slice(0, row.setting.indexOf("=")))),
    role: role.rows[0]?.role ?? "?",
    hidden: !values.has("shared_preload_libraries"),
  };
}

const HIDDEN = (role: string) => ({
  code: "capture/reads-not-logged" as const,
  message: `this role may not see the settings of the log: GRANT pg_read_all_settings TO ${quoteName(role)}`,
});

function problemOf({ name, wanted, why, restart }: Need) {
  const sql = `ALTER SYSTEM SET ${name} = ${wanted.includes("'") ? wanted : quoteText(wanted)}`;
  const then = restart ? "and restart the database" : "and SELECT pg_reload_conf()";
  return { code: "capture/reads-not-logged" as const, message: `${why}: ${sql}; ${then}` };
}

const onlySome = (partly: readonly Need[]): readonly string[] =>
  partly.length === 0
    ? []
    : [`reads by other roles and databases than those for which ${partly.map((n) => n.name).join(", ")} are set`];

async function logProblems(client: Client, log: string): Promise<ReadsCheck["problems"]> {
  const unreadable = (message: string) => [{ code: "capture/log-unreadable" as const, message }];
  let files: readonly { readonly path: string }[];
  try {
    files = new LogFolder(log).list();
    for (const { path } of files.slice(-2)) accessSync(path, constants.R_OK);
  } catch (cause) {
    return unreadable(
      `the log cannot be read here (${sqlState(cause) ?? "?"}): ALTER SYSTEM SET log_file_mode = '0640', and put this account into the group that owns the folder`,
    );
  }
  const current = await currentLog(client);
  if (current === undefined) return [];
  const there = files.some((f) => basename(f.path) === basename(current)) || isThere(log, current);
  return there
    ? []
    : unreadable(`the server writes its log to ${basename(current)}, which is not under the path that is configured`);
}

function isThere(log: string, current: string): boolean {
  const stat = statSync(log, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && readdirSync(log).includes(basename(current));
}

/** Only some roles may ask; nothing is known then. */
async function currentLog(client: Client): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ file: string | null }>(
      "SELECT pg_catalog.pg_current_logfile('jsonlog') AS file",
    );
    return rows[0]?.file ?? undefined;
  } catch {
    return undefined;
  }
}

const UNSEEN: Readonly<Record<AuditMode, readonly string[]>> = {
  pgaudit: [
    "which rows a statement gave back: a read counts for the rows that its text holds to certain keys, else for the patient or the whole table",
    "who wrote, in a transaction of one statement: its line is written before the transaction has an id",
  ],
  auto_explain: [
    "reads of a statement that never ended: a cursor that was rolled back, a connection that was cut off (failed statements count for every table they name)",
    "COPY of a whole table (COPY of a query is seen), and SQL functions that were not inlined by older servers",
  ],
};

const UNSEEN_ALWAYS: readonly string[] = [
  "reads on a standby, from a dump, a backup or the files themselves, and by replication connections",
  "materialized views and copies in tables that are not captured",
  "reads while a superuser had logging switched off, and lines lost in a crash of the machine (the log is not fsynced)",
  "who uses a login that several people share, unless the application says so and is believed",
];
