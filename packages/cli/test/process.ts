/** Runs the command as a user does, and looks for processes that should be gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const COMMAND = fileURLToPath(new URL("../bin/anamnesis.js", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function launch(args: readonly string[], env: Record<string, string> = {}, uid?: number): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LANG: "C", ...env },
    ...(uid === undefined ? {} : { uid }),
  });
}

/** @param uid account to run as; only root may say */
export function anamnesis(args: readonly string[], env: Record<string, string> = {}, uid?: number): Promise<Ran> {
  const child = launch(args, env, uid);
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** Waits until the child has printed the text. */
export function says(child: ChildProcess, text: string): Promise<string> {
  let out = "";
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      out += chunk.toString();
      if (out.includes(text)) resolve(out);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("exit", () => reject(new Error(`ended before saying ${text}: ${out}`)));
  });
}

/** Ids of processes that mention the folder in their command line. */
export function processesOf(dir: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(dir) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

export async function untilNoProcess(dir: string, ms: number): Promise<number[]> {
  for (const end = Date.now() + ms; Date.now() < end && processesOf(dir).length > 0; ) await sleep(50);
  return processesOf(dir);
}
