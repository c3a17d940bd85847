/** `source check` for MariaDB: what capture would do with this database, what it needs first, and what that costs. */
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import type { SourceCheck, Statement, TableCheck } from "../postgres/check.ts";
import { type CatalogOptions, type MariaTable, qualifiedMaria, readMariaTables } from "./catalog.ts";
import { databaseOf, withMariadb } from "./connect.ts";
import { sqlCode } from "./connect-reason.ts";
import { parseGtid } from "./gtid.ts";
import { explained } from "./problems.ts";
import { readTexts } from "./result.ts";
import { readSettings } from "./settings.ts";

export interface MariadbCheckOptions extends CatalogOptions {
  readonly url: string;
}

/** What the server keeps of its log, whether anybody reads it or not. */
export interface LogKeeping {
  readonly files: number;
  readonly bytes: number;
  /** Files older than this are removed; 0 = never, null = this account may not ask. */
  readonly seconds: number | null;
}

export interface MariadbCheck extends Pick<SourceCheck, "version" | "problems" | "tables" | "statements" | "ready"> {
  readonly log: LogKeeping;
}

type Problem = SourceCheck["problems"][number];

const VERSION_MIN = 10_05;
const DAY_SECONDS = 86_400;

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`, `capture/unsupported-version` */
export async function checkMariadb(options: MariadbCheckOptions): Promise<MariadbCheck> {
  return withMariadb(options, (connection) =>
    explained("describe itself", async () => {
      const account = await readAccount(connection);
      const settings = await readSettings(connection);
      const found = await readMariaTables(connection, options, databaseOf(options.url));
      const tables: TableCheck[] = [];
      for (const table of found) tables.push(await checkTable(connection, table, account.name));
      const log = await readLog(connection);
      const server = await serverProblems(connection, log);
      const problems: Problem[] = [
        ...server,
        ...settings.filter((s) => !s.good).map(({ code, message }) => ({ code, message })),
        ...(account.mayReplicate ? [] : [NO_REPLICATION]),
        ...tableProblems(tables),
      ];
      const statements = [
        ...settings.flatMap((s) => (s.good || s.sql === undefined ? [] : [setting(s.sql)])),
        ...(account.mayReplicate && log.seconds !== null ? [] : [granting(account.name)]),
        ...(await advice(connection, log)),
      ];
      const [version] = await readTexts(connection, "SELECT VERSION()");
      return { version: version?.[0] ?? "?", problems, tables, statements, log, ready: problems.length === 0 };
    }),
  );
}

/** Runs statements of a check. Gives those that were run. */
export async function applyToMariadb(url: string, statements: readonly Statement[]): Promise<readonly string[]> {
  return withMariadb({ url }, async (connection) => {
    const done: string[] = [];
    await readTexts(connection, "SET SESSION lock_wait_timeout = 2");
    for (const { sql } of statements) {
      try {
        await readTexts(connection, sql);
      } catch (cause) {
        throw captureError("capture/stream-failed", `the database refused: ${sql} (${sqlCode(cause) ?? "?"})`);
      }
      done.push(sql);
    }
    return done;
  });
}

async function checkTable(connection: Connection, table: MariaTable, account: string): Promise<TableCheck> {
  const name = (index: number): string => table.columns[index]?.name ?? "?";
  const mayRead = table.refusal !== undefined || (await isReadable(connection, table));
  return {
    name: table.name,
    status: table.refusal !== undefined ? "refused" : mayRead ? "captured" : "forbidden",
    why: mayRead ? verdict(table) : "this account may not read it",
    identity: table.identity,
    key: table.keyColumns.map(name),
    subjects: { columns: table.subjectColumns.map(name), because: table.subjectsBecause },
    largeColumns: [],
    rows: table.estimate,
    statements: [...(mayRead ? [] : [reading(table, account)]), ...converting(table)],
  };
}

async function isReadable(connection: Connection, table: MariaTable): Promise<boolean> {
  try {
    await readTexts(connection, `SELECT 1 FROM ${qualifiedMaria(table)} LIMIT 0`);
    return true;
  } catch (cause) {
    if (/DENIED/.test(sqlCode(cause) ?? "")) return false;
    throw cause;
  }
}

function verdict(table: MariaTable): string {
  const { refusal } = table;
  switch (refusal?.why) {
    case "engine":
      return `engine ${refusal.engine} knows no transactions: its rows have no snapshot that fits the log`;
    case "versioned":
      return "it keeps its own history (system versioning), which the log mixes with its rows";
    case "type":
      return `column ${refusal.column} has the type ${refusal.type}, which this version does not read`;
    default:
      return table.keyColumns.length > 0 ? "complete rows" : "complete rows, counted as a multiset";
  }
}

const converting = (table: MariaTable): readonly Statement[] =>
  table.refusal?.why !== "engine"
    ? []
    : [
        {
          sql: `ALTER TABLE ${qualifiedMaria(table)} ENGINE = InnoDB`,
          why: "Without it the table is left out.",
          lock: "the table cannot be written while it is copied",
          cost: "the table is rewritten once",
          required: false,
        },
      ];

const reading = (table: MariaTable, account: string): Statement => ({
  sql: `GRANT SELECT ON ${qualifiedMaria(table)} TO ${account}`,
  why: "Lets the account read the table for snapshot and verification.",
  lock: "none that anybody waits for",
  cost: "none",
  required: true,
});

const granting = (account: string): Statement => ({
  sql: `GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO ${account}`,
  why: "Lets the account read the binary log and ask how far it goes.",
  lock: "none that anybody waits for",
  cost: "none; but the log holds the rows of all databases of the server",
  required: true,
});

const setting = (sql: string): Statement => ({
  sql,
  why: "The log must hold whole rows and name their columns. Write it into the server's configuration as well.",
  lock: "none; sessions that are open keep their own setting until they connect anew",
  cost: "a larger binary log",
  required: true,
});

interface Account {
  /** As SQL. */
  readonly name: string;
  readonly mayReplicate: boolean;
}

async function readAccount(connection: Connection): Promise<Account> {
  const [row] = await readTexts(connection, "SELECT CURRENT_USER()");
  const [user = "", host = "%"] = (row?.[0] ?? "").split(/@(?=[^@]*$)/);
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const grants = (await readTexts(connection, "SHOW GRANTS")).map(([grant]) => grant ?? "");
  const mayReplicate = grants.some((g) =>
    /^GRANT .*(?:REPLICATION (?:SLAVE|REPLICA)\b(?! ADMIN)|ALL PRIVILEGES).* ON \*\.\* /.test(g),
  );
  return { name: `${quote(user)}@${quote(host)}`, mayReplicate };
}

async function readLog(connection: Connection): Promise<LogKeeping> {
  try {
    const files = await readTexts(connection, "SHOW BINARY LOGS");
    const [row] = await readTexts(connection, "SELECT @@GLOBAL.expire_logs_days * 86400");
    const bytes = files.reduce((sum, [, size]) => sum + Number(size ?? 0), 0);
    return { files: files.length, bytes, seconds: Math.round(Number(row?.[0] ?? 0)) };
  } catch (cause) {
    if (/DENIED/.test(sqlCode(cause) ?? "")) return { files: 0, bytes: 0, seconds: null };
    if (sqlCode(cause) === "ER_NO_BINARY_LOGGING") return { files: 0, bytes: 0, seconds: 0 };
    throw cause;
  }
}

async function serverProblems(connection: Connection, log: LogKeeping): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const [row] = await readTexts(connection, "SELECT VERSION(), @@GLOBAL.gtid_binlog_pos");
  const [major = 0, minor = 0] = (row?.[0] ?? "").split(".").map(Number);
  if (major * 100 + minor < VERSION_MIN)
    problems.push({ code: "capture/unsupported-version", message: `MariaDB ${row?.[0]}: 10.5 or later is needed` });
  try {
    parseGtid(row?.[1] ?? "");
  } catch {
    const message = "the binary log has several GTID domains: let everything write with one gtid_domain_id";
    problems.push({ code: "capture/several-domains", message });
  }
  if (log.seconds === null) problems.push(NO_MONITOR);
  const waiting = await readTexts(connection, "XA RECOVER");
  if (waiting.length > 0) {
    const message = `${waiting.length} XA transactions are prepared: capture begins when they are decided`;
    problems.push({ code: "capture/slot-blocked", message });
  }
  return problems;
}

/** What is no condition, but wise. */
async function advice(connection: Connection, log: LogKeeping): Promise<readonly Statement[]> {
  const [row] = await readTexts(connection, "SELECT @@GLOBAL.gtid_strict_mode, @@GLOBAL.binlog_annotate_row_events");
  const none = { lock: "none", cost: "none", required: false };
  return [
    ...(row?.[0] === "1"
      ? []
      : [
          {
            ...none,
            sql: "SET GLOBAL gtid_strict_mode = 1",
            why: "Keeps the numbers of commits rising, whoever writes.",
          },
        ]),
    ...(row?.[1] === "1"
      ? []
      : [
          {
            ...none,
            sql: "SET GLOBAL binlog_annotate_row_events = 1",
            why: "Without the statements' comments nobody can say who acts.",
            cost: "the statements' texts stand in the log",
          },
        ]),
    ...(log.seconds === null || log.seconds === 0 || log.seconds >= DAY_SECONDS
      ? []
      : [
          {
            ...none,
            sql: "SET GLOBAL binlog_expire_logs_seconds = 864000",
            why: "The log is removed within a day: a capture that is down for longer has a gap.",
            cost: "disk space for the log of ten days",
          },
        ]),
  ];
}

const NO_REPLICATION: Problem = {
  code: "capture/no-replication-right",
  message: "the account may not replicate: GRANT REPLICATION SLAVE ON *.*",
};
const NO_MONITOR: Problem = {
  code: "capture/no-replication-right",
  message: "the account may not ask for the binary log: GRANT BINLOG MONITOR ON *.*",
};

function tableProblems(tables: readonly TableCheck[]): readonly Problem[] {
  const forbidden = tables.filter((t) => t.status === "forbidden");
  return [
    ...(tables.some((t) => t.status === "captured")
      ? []
      : [{ code: "capture/no-tables", message: "no table can be captured: see what each one needs" }]),
    ...(forbidden.length === 0
      ? []
      : [{ code: "capture/no-read-right", message: `this account may not read ${forbidden.length} of the tables` }]),
  ];
}
