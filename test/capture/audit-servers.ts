/** Servers that write down reads: PostgreSQL from npm with auto_explain, and the system's with pgaudit. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import { preferredVersion, startPostgres } from "@anamnesis/sandbox";

export interface AuditServer {
  readonly mode: "pgaudit" | "auto_explain";
  readonly url: string;
  readonly database: string;
  /** The folder of the server's log. */
  readonly log: string;
  readonly dir: string;
  stop(): Promise<void>;
}

const LOGGING = {
  log_destination: "jsonlog",
  logging_collector: "on",
  log_file_mode: "0640",
  log_rotation_size: "0",
} as const;

export async function autoExplainServer(): Promise<AuditServer> {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-audit-"));
  const postgres = await startPostgres({
    dir: join(dir, "pg"),
    ...(preferredVersion() < 15 ? { version: 18 } : {}), // 14 has no JSON log
    extraSettings: {
      ...LOGGING,
      shared_preload_libraries: "auto_explain",
      "auto_explain.log_min_duration": "0",
      "auto_explain.log_format": "json",
      "auto_explain.log_verbose": "on",
      "auto_explain.log_analyze": "on",
      "auto_explain.log_timing": "off",
      "auto_explain.log_nested_statements": "on",
      "auto_explain.log_parameter_max_length": "-1",
    },
  });
  return {
    mode: "auto_explain",
    url: postgres.url,
    database: "hospital",
    log: join(postgres.dataDir, "log"),
    dir,
    async stop() {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const BIN = "/usr/lib/postgresql/15/bin";

export const hasPgaudit = (): boolean =>
  existsSync("/usr/lib/postgresql/15/lib/pgaudit.so") && existsSync(join(BIN, "initdb"));

/** Programs refuse to run as root: then they run in a user namespace where our own id has another name. */
const PLAIN = process.getuid?.() === 0 ? ["--user", "--map-user=65534", "--map-group=65534"] : [];

/** Debian's PostgreSQL 15 with pgaudit. */
export async function pgauditServer(): Promise<AuditServer> {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-audit-"));
  const [data, port] = [join(dir, "data"), await freePort()];
  mkdirSync(data, { mode: 0o700 });
  const made = [...PLAIN, join(BIN, "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C"];
  execFileSync("unshare", [...made, "--auth=trust", "--no-sync"], { cwd: dir, stdio: "ignore" });
  const settings = {
    ...LOGGING,
    ...{ port, listen_addresses: "127.0.0.1", unix_socket_directories: "", wal_level: "logical", log_timezone: "UTC" },
    shared_preload_libraries: "pgaudit",
    "pgaudit.log": "read,write,ddl,role",
    "pgaudit.log_relation": "on",
    "pgaudit.log_parameter": "on",
    "pgaudit.log_catalog": "off",
    "pgaudit.log_rows": "off",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const before = [...PLAIN, "setpriv", "--pdeathsig", "INT", join(BIN, "postgres")];
  const child = spawn("unshare", [...before, "-D", data, ...args], { cwd: dir, stdio: "ignore" });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await answers(url, child);
  return {
    ...{ mode: "pgaudit", url, database: "postgres", log: join(data, "log"), dir },
    async stop() {
      const over = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await over;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + 30_000; ; await sleep(50)) {
    try {
      return await withClient({ url }, async () => undefined);
    } catch (error) {
      if (Date.now() > end || child.exitCode !== null) throw error;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** The address for another login. */
export function as(url: string, user: string, password: string): string {
  const other = new URL(url);
  other.username = user;
  other.password = password;
  return other.href;
}
