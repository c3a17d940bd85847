/** Whether a mutant is caught: by a few seeds of the simulation, or else by the unit tests nearest to it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/steps.ts";
import type { Mutant } from "./find.ts";
import { writePatch } from "./patch-file.ts";

export type Verdict =
  | { readonly caught: true; readonly by: "simulation" | "tests" | "never ends" }
  | { readonly caught: false };

const SIM = [
  "--import",
  "./tools/mutants/patch.ts",
  "sim/run.ts",
  "--quick",
  "--seed",
  "1",
  "--seeds",
  "3",
  "--steps",
  "90",
];
const SIM_MS = 60_000;
const TESTS_MS = 150_000;

export async function judge(mutant: Mutant, folder: string): Promise<Verdict> {
  const env = writePatch(join(folder, "patch.json"), [{ path: join(root, mutant.file), text: mutant.text }]);
  const sim = await runs(process.execPath, SIM, env, SIM_MS);
  if (sim !== "passes") return { caught: true, by: sim === "fails" ? "simulation" : "never ends" };
  const tests = await unitTests(testsFor(mutant.file), env);
  if (tests === "passes") return { caught: false };
  return { caught: true, by: tests === "fails" ? "tests" : "never ends" };
}

/** On unchanged sources everything must pass, or the verdicts mean nothing. */
export async function passesUnchanged(files: readonly string[]): Promise<boolean> {
  const sim = await runs(process.execPath, SIM, {}, SIM_MS);
  const folders = [...new Set(files.flatMap(testsFor))];
  return sim === "passes" && (await unitTests(folders, {})) === "passes";
}

const STATE = ["ledger/test/state", "ledger/test/evidence-block", "ledger/test/evidence.test"];
const REPLICA = ["embedded/test/catch-up", "embedded/test/replica"];
const ENGINE = ["embedded.test", "life", "damage", "adm", "reopen", "sqlite"].map((name) => `embedded/test/${name}`);

/** The unit tests nearest to a source: the first line that fits. */
const NEAREST: readonly (readonly [RegExp, readonly string[]])[] = [
  [/ledger\/src\/merkle/, ["ledger/test/merkle", "ledger/test/range", "ledger/test/tiles"]],
  [/ledger\/src\/tiles/, ["ledger/test/tiles", "ledger/test/tlog-reader"]],
  [/ledger\/src\/(?:note|checkpoint)/, ["ledger/test/note", "ledger/test/verify-log", "ledger/test/evidence.test"]],
  [/ledger\/src\/state/, STATE],
  [
    /ledger\/src\/execute/,
    ["ledger/test/execute", "ledger/test/refuse", "ledger/test/range", "ledger/test/verify-log", ...ENGINE],
  ],
  [
    /ledger\/src\/verify/,
    ["ledger/test/verify", "ledger/test/found-blocks", "embedded/test/damage", "embedded/test/reopen"],
  ],
  [/ledger\/src\//, ["ledger/test"]],
  [/contracts\/src\/incentive\//, ["contracts/test/incentive", "contracts/test/seals", "contracts/test/proof-file"]],
  [/contracts\/src\//, ["contracts/test"]],
  [/embedded\/src\/thread\//, ["embedded/test/thread"]],
  [/embedded\/src\/replica\//, REPLICA],
  [/embedded\/src\/(?:admission|queue|limits)/, ["embedded/test/queue", ...ENGINE]],
  [/embedded\/src\//, [...ENGINE, "embedded/test/recent", "embedded/test/replica-open", "ledger/test/tlog-reader"]],
];

const testsFor = (file: string): readonly string[] => NEAREST.find(([part]) => part.test(file))?.[1] ?? [];

const unitTests = (folders: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = ["run", "--config", "tools/mutants/vitest.config.ts", "--reporter", "dot", ...folders];
  // Threads that the tests start load the patched sources too.
  const everywhere = { ...env, NODE_OPTIONS: `--import ${join(root, "tools/mutants/patch.ts")}` };
  return runs(process.execPath, [vitest, ...config], everywhere, TESTS_MS);
};

type Outcome = "passes" | "fails" | "hangs";

/** A mutant may allocate without end: above this it counts as one that never ends, and the machine lives on. */
const MEMORY_MAX_KB = 2_000_000;
const running = new Set<number>();

/** Whoever ends this process ends what it started as well. */
export function endAll(): void {
  for (const pid of running) endGroup(pid);
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function runs(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  limitMs: number,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: "ignore", detached: true });
    const pid = child.pid ?? 0;
    if (pid > 0) running.add(pid);
    let hung = false;
    const until = performance.now() + limitMs;
    const watch = setInterval(() => {
      if (performance.now() < until && memoryKb(pid) < MEMORY_MAX_KB) return;
      hung = true;
      endGroup(pid);
    }, 500);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      // Workers may outlive whoever started them.
      endGroup(pid);
      running.delete(pid);
      resolve(hung ? "hangs" : code === 0 ? "passes" : "fails");
    });
  });
}

/** Resident memory of a process and its children; 0 where the platform does not tell. */
function memoryKb(pid: number): number {
  try {
    const own = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number);
    return children.filter((child) => child > 0).reduce((sum, child) => sum + memoryKb(child), Number(own));
  } catch {
    return 0;
  }
}
