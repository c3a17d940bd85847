import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { explain, sandboxError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";
import { command, type Identity, NOBODY } from "./identity.ts";
import type { PostgresVersion } from "./version.ts";

/** The files of one server, all under one folder. */
export interface Layout {
  readonly dir: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly linkDir: string;
  readonly passwordFile: string;
  readonly portFile: string;
}

export function layout(dir: string): Layout {
  const at = (name: string): string => join(dir, name);
  return {
    dir,
    dataDir: at("data"),
    logFile: at("postgres.log"),
    linkDir: at("lib"),
    passwordFile: at("password"),
    portFile: at("port"),
  };
}

/** Creates the folder (0700) and the password (0600, kept for the next start). Returns the password. */
export function prepareFolder(files: Layout): string {
  try {
    mkdirSync(files.dir, { recursive: true, mode: 0o700 });
    if (!existsSync(files.passwordFile))
      writeFileSync(files.passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600, flush: true });
    return readFileSync(files.passwordFile, "utf8").trim();
  } catch (cause) {
    throw explain(cause, "cannot prepare the folder of the sandbox database", { folder: files.dir });
  }
}

/** The port of the last start, so that addresses written down elsewhere stay true. */
export function lastPort(files: Layout): number | undefined {
  if (!existsSync(files.portFile)) return undefined;
  const port = Number(readFileSync(files.portFile, "utf8"));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/**
 * Makes the database cluster unless it is there. It grows beside its final name and is renamed when complete, so that a
 * start that was killed half-way leaves nothing that looks like a database.
 * UTF8 with the builtin locale C.UTF-8 (before 17: C): the same order and case rules on every machine, whatever LANG says.
 */
export async function ensureCluster(
  files: Layout,
  version: PostgresVersion,
  binaries: Binaries,
  identity: Identity,
): Promise<void> {
  if (existsSync(join(files.dataDir, "PG_VERSION"))) return;
  const growing = `${files.dataDir}.new`;
  try {
    rmSync(growing, { recursive: true, force: true });
    mkdirSync(growing, { mode: 0o700 });
    if (identity === "nobody")
      for (const path of [files.dir, growing, files.passwordFile]) chownSync(path, NOBODY, NOBODY);
  } catch (cause) {
    throw explain(cause, "cannot create the data folder of the sandbox database", { folder: files.dir });
  }
  await runInitdb(initdbArgs(version, growing, files.passwordFile), files, binaries, identity);
  renameSync(growing, files.dataDir);
}

function initdbArgs(version: PostgresVersion, dataDir: string, passwordFile: string): readonly string[] {
  return [
    ...["-D", dataDir, "-U", "postgres", "-E", "UTF8", "--locale=C"],
    ...["--data-checksums", "--auth=scram-sha-256", `--pwfile=${passwordFile}`],
    ...(version >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] : []),
    // one call for the whole file system instead of one per file: a second less, and as durable
    ...(version >= 17 && process.platform === "linux" ? ["--sync-method=syncfs"] : []),
  ];
}

const INITDB_MS_MAX = 60_000;

function runInitdb(args: readonly string[], files: Layout, binaries: Binaries, identity: Identity): Promise<void> {
  const { file, args: all, ids } = command(identity, binaries.initdb, args);
  return new Promise((resolve, reject) => {
    let text = "";
    const child = spawn(file, all, {
      cwd: files.dir,
      env: binaries.env,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: INITDB_MS_MAX,
      ...ids,
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-4_000);
    });
    child.once("error", (error) => reject(explain(error, "cannot run initdb", { folder: files.dir })));
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else if (signal !== null)
        reject(sandboxError("sandbox/start-timeout", `initdb was ended by ${signal}`, { folder: files.dir }));
      else reject(explain(new Error(text.trim()), "initdb failed", { folder: files.dir }));
    });
  });
}
