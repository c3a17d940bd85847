/*
 * A program of its own: `node watchdog.ts DATA_DIR`. Its standard input is a pipe whose other end only the sandbox holds.
 * However the sandbox ends (kill -9, out of memory, a crash), the system closes that end, and the server is stopped here.
 * Lines on the pipe: the server's pid once it is known, `done` when the server was stopped in the ordinary way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isServerOf, readPidFile, stopTree } from "./process.ts";

const SIGINT_MS = 3_000;
/** If we were orphaned between starting the server and learning its pid, its pid file appears within this time. */
const LATE_SERVER_MS = 2_000;

async function main(dataDir: string): Promise<void> {
  let text = "";
  process.stdin.setEncoding("utf8");
  // A reset of the pipe is an end like any other.
  process.stdin.on("error", () => undefined);
  for await (const chunk of process.stdin) text += chunk;
  const lines = text.trim().split("\n");
  if (lines.includes("done")) return;
  const told = Number(lines[0]);
  for (const end = Date.now() + LATE_SERVER_MS; ; await sleep(20)) {
    const pid = told > 1 ? told : readPidFile(dataDir)?.pid;
    if (pid !== undefined && isServerOf(pid, dataDir)) return stopTree(pid, SIGINT_MS, 0);
    if (Date.now() >= end) return;
  }
}

// A terminal's Ctrl-C or hang-up is for the sandbox; the pipe tells when it is our turn.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => undefined);
const dataDir = process.argv[2];
if (dataDir !== undefined) await main(dataDir).catch(() => process.exit(1));
