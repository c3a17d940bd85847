/*
 * Processes by their id, with node: modules alone: the watchdog loads this file too and must start fast.
 * A pid is only a number that the system hands out again; so before a signal goes out, the process is checked to be
 * the server of this very data folder, as far as the platform tells (Linux: /proc).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 10;

/** What the server writes about itself into its data folder. */
export interface PidFile {
  readonly pid: number;
  readonly ready: boolean;
}

/** `undefined` when there is no server, or its file is not complete yet. Lines: pid, folder, start, port, socket, address, shm, state. */
export function readPidFile(dataDir: string): PidFile | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 1 ? { pid, ready: lines[7]?.trim() === "ready" } : undefined;
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  // A zombie still has a pid; its parent just has not asked for the result.
  return !/^State:\s+[ZX]/m.test(procFile(pid, "status") ?? "");
}

/** True when the process is alive and, where that can be seen, was started on this data folder. */
export function isServerOf(pid: number, dataDir: string): boolean {
  if (!alive(pid)) return false;
  if (!existsSync("/proc/self/cmdline")) return true;
  return procFile(pid, "cmdline")?.split("\0").includes(dataDir) ?? false;
}

/** The server's own children, where the platform tells (Linux); each is a session leader, so no group signal reaches them. */
export function childrenOf(pid: number): readonly number[] {
  return (procFile(pid, `task/${pid}/children`) ?? "")
    .split(" ")
    .map(Number)
    .filter((child) => child > 1);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // already gone: that is what was wanted
  }
}

/** Waits until the process is gone; false when it still lives after `limitMs`. */
async function gone(pid: number, limitMs: number): Promise<boolean> {
  for (const end = Date.now() + limitMs; alive(pid); ) {
    if (Date.now() >= end) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Like a power cut: the server and all its children at once; returns when none is left (bounded by `limitMs`). */
export async function killTree(pid: number, limitMs: number): Promise<void> {
  kill(pid, "SIGSTOP"); // no new child between the look and the signal
  const tree = [pid, ...childrenOf(pid)];
  for (const each of tree) kill(each, "SIGKILL");
  await Promise.all(tree.map((each) => gone(each, limitMs)));
}

/**
 * Stops in three steps, each stronger: SIGINT (disconnect, checkpoint), SIGQUIT (leave now, recover at the next start),
 * SIGKILL. The second is needed: a replication client that acknowledges nothing holds up the first for a minute.
 */
export async function stopTree(pid: number, firstMs: number, secondMs: number): Promise<void> {
  const children = childrenOf(pid);
  kill(pid, "SIGINT");
  if (!(await gone(pid, firstMs))) {
    kill(pid, "SIGQUIT");
    if (!(await gone(pid, secondMs))) await killTree(pid, 1_000);
  }
  await Promise.all(children.map((child) => gone(child, 300)));
}

function procFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}
