import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf } from "@anamnesis/core";
import { explain, sandboxError } from "../errors.ts";
import { findBinaries } from "./binaries.ts";
import { ensureCluster, type Layout, lastPort, layout, prepareFolder } from "./cluster.ts";
import { ensureDatabase } from "./database.ts";
import { chooseIdentity, type Identity } from "./identity.ts";
import { candidates, isFree, portBusy } from "./ports.ts";
import { alive, isServerOf, readPidFile, stopTree } from "./process.ts";
import { type Launch, launch, type Postgres } from "./server.ts";
import { type Settings, serverSettings } from "./settings.ts";
import { findInstalled, type Installed, type PostgresVersion, preferred, versionOfData } from "./version.ts";

export interface StartOptions {
  /** Holds everything of this server; created when missing. The same folder gives the same database again. */
  readonly dir: string;
  /** Major version; without it the one that made the folder, else `ANAMNESIS_POSTGRES` from the environment, else 18. */
  readonly version?: PostgresVersion;
  /** Fixed port; without it, the one used last time or the first free from 54320. */
  readonly port?: number;
  /** Told about the steps of starting, in words without secrets. */
  readonly log?: (line: string) => void;
  /** Aborting stops the server, also half-way through the start. */
  readonly signal?: AbortSignal;
  readonly extraSettings?: Settings;
  /** More settings, for servers that can write their log as JSON (15 and later). */
  readonly jsonLog?: Settings;
  /** How the server runs when we are root; found out by trying unless given. */
  readonly identity?: Identity;
}

/**
 * Starts PostgreSQL from npm on 127.0.0.1. As root it runs in a user namespace, or as `nobody` where those are blocked.
 * Errors: `sandbox/port-busy`, `no-access`, `root-refused`, `disk-full`, `no-postgres`, `foreign-folder`, `start-failed`,
 * `start-timeout`, `stopped`; each message names the remedy.
 */
export async function startPostgres(options: StartOptions): Promise<Postgres> {
  const files = layout(resolve(options.dir));
  const password = prepareFolder(files);
  const installed = chooseVersion(files, options.version);
  const binaries = findBinaries(installed.native, files.linkDir);
  const identity = options.identity ?? chooseIdentity(binaries, files.dir);
  throwIfStopped(options.signal);
  await clearFolder(files, options);
  options.log?.("preparing the database");
  await ensureCluster(files, installed.version, binaries, identity);
  const server = await launchOnFreePort(options, files, (port) => ({
    ...{ files, binaries, identity, port, version: installed.version, signal: options.signal },
    url: `postgres://postgres:${password}@127.0.0.1:${port}/hospital`,
    settings: serverSettings(port, { ...options.extraSettings, ...(installed.version < 15 ? {} : options.jsonLog) }),
  }));
  try {
    await ensureDatabase(server.url.replace(/hospital$/, "postgres"), "hospital");
    writeFileSync(files.portFile, String(server.port));
  } catch (cause) {
    await server.stop();
    throw explain(cause, "the server started, but its database could not be prepared", { folder: files.dir });
  }
  options.log?.(`PostgreSQL is ready on 127.0.0.1:${server.port}`);
  return server;
}

/** Data are read by the version that wrote them, and by no other. */
function chooseVersion(files: Layout, asked: PostgresVersion | undefined): Installed {
  const there = versionOfData(files.dataDir);
  const chosen = asked === undefined ? preferred() : findInstalled(asked);
  if (there === undefined || there === chosen.version) return chosen;
  if (asked === undefined) return findInstalled(there);
  const message = `the data in this folder are of PostgreSQL ${there}, not ${asked}: choose another folder`;
  throw sandboxError("sandbox/foreign-folder", message, { folder: files.dir });
}

/** A server left over in this folder is ours and is stopped; a pid file that names some other process is only litter. */
async function clearFolder(files: Layout, options: StartOptions): Promise<void> {
  const left = readPidFile(files.dataDir);
  if (left === undefined || !alive(left.pid)) return;
  if (!isServerOf(left.pid, files.dataDir)) return rmSync(join(files.dataDir, "postmaster.pid"), { force: true });
  options.log?.("a server is still running in this folder: stopping it first");
  await stopTree(left.pid, 2_000, 600);
  if (!alive(left.pid)) return;
  const message = "a server of another account runs in this folder: stop it, or choose another folder";
  throw sandboxError("sandbox/foreign-folder", message, { folder: files.dir, pid: left.pid });
}

async function launchOnFreePort(
  options: StartOptions,
  files: Layout,
  how: (port: number) => Launch,
): Promise<Postgres> {
  const ports = options.port === undefined ? candidates(lastPort(files)) : [options.port];
  for (const port of ports) {
    throwIfStopped(options.signal);
    if (!(await isFree(port))) continue;
    try {
      return await launch(how(port));
    } catch (error) {
      // Somebody took the port between the look and the start: the next one, unless this very one was asked for.
      if (codeOf(error) !== "sandbox/port-busy" || options.port !== undefined) throw error;
    }
  }
  throw portBusy(options.port ?? 0);
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw sandboxError("sandbox/stopped", "asked to stop before the database was started");
}
