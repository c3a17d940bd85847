import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf } from "@anamnesis/core";
import { chooseIdentity, type Identity } from "../postgres/identity.ts";
import { isFree, portBusy } from "../postgres/ports.ts";
import { isServerOf } from "../postgres/process.ts";
import type { Settings } from "../postgres/settings.ts";
import { ensureCluster, type Layout, layout } from "./cluster.ts";
import { findPrograms, type Programs } from "./programs.ts";
import { launch, type Mariadb, readPid, stopServer } from "./server.ts";
import { mariadbArguments } from "./settings.ts";

export interface StartMariadbOptions {
  /** Holds everything of this server; created when missing. The same folder gives the same database again. */
  readonly dir: string;
  /** Fixed port; without it, the one used last time or the first free from 53306. */
  readonly port?: number;
  /** Options of `mariadbd` by name, without the dashes. */
  readonly extraSettings?: Settings;
  readonly identity?: Identity;
}

const FIRST_PORT = 53306;
const PORTS_MAX = 400;

/**
 * Starts the MariaDB of this system on 127.0.0.1, with a binary log as capture needs it. As root it runs like the sandbox's
 * PostgreSQL: in a user namespace, or as `nobody`.
 * @throws AnamnesisError `sandbox/no-mariadb`, `port-busy`, `no-access`, `root-refused`, `disk-full`, `start-failed`,
 *   `start-timeout`
 */
export async function startMariadb(options: StartMariadbOptions): Promise<Mariadb> {
  const files = layout(resolve(options.dir));
  const programs = findPrograms();
  mkdirSync(files.dir, { recursive: true, mode: 0o700 });
  const identity = options.identity ?? identityFor(programs, files.dir);
  await clearFolder(files);
  const password = await ensureCluster(files, programs, identity);
  const last = existsSync(files.portFile) ? [Number(readFileSync(files.portFile, "utf8"))] : [];
  const ports =
    options.port === undefined
      ? [...last, ...Array.from({ length: PORTS_MAX }, (_, i) => FIRST_PORT + i)]
      : [options.port];
  for (const port of ports) {
    if (!(await isFree(port))) continue;
    const extra = { "init-file": files.initFile, ...options.extraSettings };
    try {
      const server = await launch({
        ...{ files, programs, identity, port },
        args: mariadbArguments(files.dir, files.dataDir, port, extra),
        url: `mariadb://root:${password}@127.0.0.1:${port}/hospital`,
      });
      writeFileSync(files.portFile, String(port));
      return server;
    } catch (error) {
      if (codeOf(error) !== "sandbox/port-busy" || options.port !== undefined) throw error;
    }
  }
  throw portBusy(options.port ?? 0);
}

const identityFor = ({ server, install, env }: Programs, dir: string): Identity =>
  chooseIdentity({ postgres: server, initdb: install, env }, dir);

/** A server left over in this folder is ours and is stopped. */
async function clearFolder(files: Layout): Promise<void> {
  const pid = readPid(files.pidFile) ?? 0;
  if (pid > 1 && isServerOf(pid, files.dataDir)) await stopServer(pid);
}
