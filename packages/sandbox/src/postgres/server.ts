import type { ChildProcess } from "node:child_process";
import { readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { explain, sandboxError } from "../errors.ts";
import { spawnServer } from "../spawn-server.ts";
import type { Binaries } from "./binaries.ts";
import type { Layout } from "./cluster.ts";
import { type Guard, startGuard } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { killTree, readPidFile, stopTree } from "./process.ts";
import type { PostgresVersion } from "./version.ts";

/** A running PostgreSQL. It never outlives this process: a watchdog stops it, even after kill -9. */
export interface Postgres {
  /** Superuser, password included, database `hospital`: for handing to a client, not for printing. */
  readonly url: string;
  readonly version: PostgresVersion;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** True until the server process has ended, for whatever reason. */
  readonly running: boolean;
  /** Stops within 3 s, harder step by step; calling it again is harmless. */
  stop(): Promise<void>;
  /** Kills the server and its children at once, as a power cut would; returns when none is left. For tests. */
  kill9(): Promise<void>;
}

/** What a launch needs: files, programs, and as whom. */
export interface Launch {
  readonly files: Layout;
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly version: PostgresVersion;
  readonly port: number;
  readonly url: string;
  readonly settings: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const READY_MS_MAX = 60_000;
const READY_POLL_MS = 5;
const LOG_BYTES_MAX = 8 * 1024 * 1024;
/** Together below the 3 s that `stop` promises. */
const SIGINT_MS = 1_800;
const SIGQUIT_MS = 500;

/** Starts the server and waits until it accepts connections. */
export async function launch(how: Launch): Promise<Postgres> {
  const guard = startGuard(how.files.dataDir);
  const from = turnLog(how.files.logFile);
  const { identity, binaries } = how;
  const { dir, dataDir, logFile } = how.files;
  const args = ["-D", dataDir, ...how.settings];
  const child = spawnServer({ identity, program: binaries.postgres, args, env: binaries.env, dir, logFile });
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  if (child.pid !== undefined) guard.watch(child.pid);
  const server = new LocalPostgres(how, child, guard);
  try {
    await Promise.race([failed, becomesReady(how, child, from)]);
  } catch (error) {
    await server.stop();
    throw explain(error, "PostgreSQL did not start", { folder: how.files.dir, port: how.port });
  }
  return server;
}

class LocalPostgres implements Postgres {
  readonly url: string;
  readonly version: PostgresVersion;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #running: boolean;
  #stopping: Promise<void> | undefined;

  constructor(how: Launch, child: ChildProcess, guard: Guard) {
    this.#child = child;
    this.url = how.url;
    this.version = how.version;
    this.port = how.port;
    this.pid = child.pid ?? 0;
    this.dataDir = how.files.dataDir;
    this.#running = child.pid !== undefined;
    const onAbort = (): void => void this.stop();
    how.signal?.addEventListener("abort", onAbort, { once: true });
    this.#exited = new Promise((resolve) => {
      const end = (): void => {
        this.#running = false;
        how.signal?.removeEventListener("abort", onAbort);
        guard.release();
        resolve();
      };
      child.once("exit", end);
      child.once("error", end);
    });
  }

  get running(): boolean {
    return this.#running;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end(() => stopTree(this.pid, SIGINT_MS, SIGQUIT_MS));
    return this.#stopping;
  }

  kill9(): Promise<void> {
    return this.#end(() => killTree(this.pid, 2_000));
  }

  async #end(how: () => Promise<void>): Promise<void> {
    this.#child.ref(); // whoever waits for the end must see it before the event loop runs dry
    if (this.#running) await how();
    await this.#exited;
  }
}

async function becomesReady(how: Launch, child: ChildProcess, logFrom: number): Promise<void> {
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  for (const end = Date.now() + READY_MS_MAX; ; await sleep(READY_POLL_MS)) {
    const file = readPidFile(how.files.dataDir);
    if (file?.ready === true && file.pid === child.pid) return;
    if (ended) throw new Error(logSince(how.files.logFile, logFrom));
    if (how.signal?.aborted === true)
      throw sandboxError("sandbox/stopped", "asked to stop while the database was starting");
    if (Date.now() > end)
      throw sandboxError(
        "sandbox/start-timeout",
        `PostgreSQL was not ready after ${READY_MS_MAX / 1_000} s: see its log file`,
      );
  }
}

/** Keeps one old log; returns the length of the present one. */
function turnLog(logFile: string): number {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= LOG_BYTES_MAX) return size;
  rmSync(`${logFile}.1`, { force: true });
  renameSync(logFile, `${logFile}.1`);
  return 0;
}

function logSince(logFile: string, from: number): string {
  return readFileSync(logFile).subarray(from).toString("utf8").slice(-4_000);
}
