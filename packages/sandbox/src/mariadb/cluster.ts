import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { explain } from "../errors.ts";
import { command, type Identity, NOBODY } from "../postgres/identity.ts";
import type { Programs } from "./programs.ts";

/** The files of one server, all under one folder. */
export interface Layout {
  readonly dir: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly passwordFile: string;
  readonly portFile: string;
  readonly initFile: string;
  readonly pidFile: string;
}

export const layout = (dir: string): Layout => ({
  dir,
  dataDir: join(dir, "data"),
  logFile: join(dir, "mariadb.log"),
  passwordFile: join(dir, "password"),
  portFile: join(dir, "port"),
  initFile: join(dir, "init.sql"),
  pidFile: join(dir, "mariadb.pid"),
});

const INSTALL_MS_MAX = 120_000;

/** Makes folder, password, and the system tables unless they are there. Returns the password. */
export async function ensureCluster(files: Layout, programs: Programs, identity: Identity): Promise<string> {
  try {
    const password = prepare(files, identity);
    if (!existsSync(files.dataDir)) await install(files, programs, identity);
    return password;
  } catch (cause) {
    throw explain(cause, "MariaDB's data folder cannot be made", { folder: files.dir });
  }
}

function prepare(files: Layout, identity: Identity): string {
  mkdirSync(files.dir, { recursive: true, mode: 0o700 });
  if (!existsSync(files.passwordFile))
    writeFileSync(files.passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600, flush: true });
  const password = readFileSync(files.passwordFile, "utf8").trim();
  // The server reads this at every start: the account is right whatever happened to it.
  writeFileSync(
    files.initFile,
    [
      "CREATE DATABASE IF NOT EXISTS hospital CHARACTER SET utf8mb4;",
      ...["127.0.0.1", "localhost"].flatMap((host) => [
        `CREATE USER IF NOT EXISTS 'root'@'${host}';`,
        `ALTER USER 'root'@'${host}' IDENTIFIED BY '${password}';`,
        `GRANT ALL ON *.* TO 'root'@'${host}' WITH GRANT OPTION;`,
      ]),
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  if (identity === "nobody") for (const path of [files.dir, files.initFile]) chownSync(path, NOBODY, NOBODY);
  return password;
}

/** It grows beside its final name: a start that was cut off leaves nothing that looks like a database. */
async function install(files: Layout, programs: Programs, identity: Identity): Promise<void> {
  const growing = `${files.dataDir}.new`;
  rmSync(growing, { recursive: true, force: true });
  mkdirSync(growing, { mode: 0o700 });
  chmodSync(growing, 0o700);
  if (identity === "nobody") chownSync(growing, NOBODY, NOBODY);
  const args = ["--no-defaults", `--datadir=${growing}`, "--auth-root-authentication-method=normal", "--skip-test-db"];
  const { file, args: all, ids } = command(identity, programs.install, args);
  await promisify(execFile)(file, [...all], { cwd: files.dir, env: programs.env, timeout: INSTALL_MS_MAX, ...ids });
  renameSync(growing, files.dataDir);
}
