import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { explain, sandboxError } from "../errors.ts";
import { startGuard } from "../postgres/guard.ts";
import type { Identity } from "../postgres/identity.ts";
import { alive, killTree } from "../postgres/process.ts";
import { spawnServer } from "../spawn-server.ts";
import type { Layout } from "./cluster.ts";
import type { Programs } from "./programs.ts";

/** A running MariaDB. It never outlives this process: a watchdog stops it, even after kill -9. */
export interface Mariadb {
  /** Account with all rights, password included, database `hospital`: for handing to a client, not for printing. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly running: boolean;
  /** Stops in the ordinary way, by force after 5 s; calling it again is harmless. */
  stop(): Promise<void>;
  /** Kills the server at once, as a power cut would. For tests. */
  kill9(): Promise<void>;
}

export interface Launch {
  readonly files: Layout;
  readonly programs: Programs;
  readonly identity: Identity;
  readonly args: readonly string[];
  readonly url: string;
  readonly port: number;
}

const READY_MS_MAX = 60_000;
const POLL_MS = 20;
const STOP_MS = 5_000;

/** Starts the server and waits until it greets. */
export async function launch(how: Launch): Promise<Mariadb> {
  const { files } = how;
  rmSync(files.pidFile, { force: true });
  const guard = startGuard(files.dataDir);
  const { identity, programs, args } = how;
  const { dir, logFile } = files;
  const child = spawnServer({ identity, program: programs.server, args, env: programs.env, dir, logFile });
  let running = child.pid !== undefined;
  const pid = child.pid ?? 0;
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      running = false;
      guard.release();
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  if (pid > 0) guard.watch(pid);
  const end = async (how: () => Promise<void>): Promise<void> => {
    child.ref();
    if (running) await how();
    await exited;
  };
  const server: Mariadb = {
    ...{ url: how.url, port: how.port, pid, dataDir: files.dataDir },
    get running() {
      return running;
    },
    stop: () => end(() => stopServer(pid)),
    kill9: () => end(() => killTree(pid, 2_000)),
  };
  try {
    await becomesReady(how, pid, () => running);
  } catch (error) {
    await server.stop();
    throw explain(error, "MariaDB did not start", { folder: files.dir, port: how.port });
  }
  return server;
}

/** MariaDB ignores SIGINT; SIGTERM is its orderly end. */
export async function stopServer(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    return; // already gone
  }
  for (const end = Date.now() + STOP_MS; alive(pid); await sleep(POLL_MS))
    if (Date.now() >= end) return killTree(pid, 1_000);
}

async function becomesReady(how: Launch, pid: number, running: () => boolean): Promise<void> {
  for (const end = Date.now() + READY_MS_MAX; ; await sleep(POLL_MS)) {
    if (!running()) throw new Error(lastWords(how.files.logFile));
    // Another server may have taken the port in between, and greets as well.
    if (readPid(how.files.pidFile) === pid && (await greets(how.port))) return;
    if (Date.now() > end) {
      const message = `MariaDB was not ready after ${READY_MS_MAX / 1_000} s: see its log file`;
      throw sandboxError("sandbox/start-timeout", message);
    }
  }
}

/** The server writes it once the port is its own. */
export const readPid = (pidFile: string): number | undefined =>
  existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined;

/** A server that is ready says its version first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 1_000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", end(true)).once("error", end(false)).once("timeout", end(false)).once("close", end(false));
  });
}

const lastWords = (logFile: string): string => readFileSync(logFile, "utf8").slice(-2_000);
