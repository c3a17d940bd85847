import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { alive, childrenOf } from "../src/postgres/process.ts";
import { eventually, tempFolder } from "./temp.ts";

const holder = fileURLToPath(new URL("./holder.ts", import.meta.url));
let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

/** Every process of the machine that names our folder: servers, their starters, watchdogs. */
function ours(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (!(pid > 1) || pid === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder.dir) && alive(pid);
      } catch {
        return false;
      }
    });
}

function hold(): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [holder, join(folder.dir, "pg")], { stdio: ["ignore", "pipe", "inherit"] });
  return child;
}

async function ready(child: ReturnType<typeof hold>): Promise<number> {
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  return JSON.parse(line).pid;
}

test("after kill -9 of the sandbox no process stays, neither server nor watchdog", async () => {
  const child = hold();
  const server = await ready(child);
  const family = [server, ...childrenOf(server)];
  expect(ours().length).toBeGreaterThanOrEqual(3);
  child.kill("SIGKILL");
  expect(await eventually(() => ours().length === 0 && !family.some(alive), 5_000)).toBe(true);
  expect(readFileSync(join(folder.dir, "pg", "postgres.log"), "utf8")).toContain("database system is shut down");
});

test("kill -9 at any moment of the start leaves nothing either", async () => {
  const child = hold();
  await ready(child); // makes the cluster, so that the next starts are short
  child.kill("SIGKILL");
  expect(await eventually(() => ours().length === 0, 5_000)).toBe(true);
  for (const delay of [40, 90, 120, 150, 180, 210, 250, 300]) {
    const next = hold();
    await new Promise((resolve) => setTimeout(resolve, delay));
    next.kill("SIGKILL");
    expect(await eventually(() => ours().length === 0, 6_000), `killed after ${delay} ms`).toBe(true);
  }
});

test("the watchdog ends with the server when the sandbox stops in the ordinary way", async () => {
  const child = spawn(process.execPath, [holder, join(folder.dir, "pg"), "stop"], { stdio: "ignore" });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect(code).toBe(0);
  expect(await eventually(() => ours().length === 0, 2_000)).toBe(true);
});
