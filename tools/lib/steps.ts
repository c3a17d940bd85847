/** Running commands: their output is held back and shown only when they fail. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root folder, whatever the working directory. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Step {
  readonly name: string;
  /** A script run by the Node that runs us (so the pinned one), relative to the root, and its arguments. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What of the output is worth showing when the step failed: all of it unless given. */
  readonly extract?: (output: string) => string;
  /** Show the output while it runs instead of holding it back. */
  readonly live?: boolean;
  /** A step over its limit is killed and counts as failed. */
  readonly timeoutMs: number;
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** Tail kept of a step's output: enough for any honest failure, and a bound on memory. */
const OUTPUT_CHARS_MAX = 400_000;

export async function runStep(step: Step): Promise<StepResult> {
  const started = performance.now();
  const child = spawn(process.execPath, [step.script, ...step.args], {
    cwd: root,
    env: { ...process.env, ...step.env },
    stdio: ["ignore", step.live === true ? "inherit" : "pipe", step.live === true ? "inherit" : "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const timer = setTimeout(() => {
    output += `\n${step.name} ran over its limit of ${step.timeoutMs / 1000} s and was stopped\n`;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
  }, step.timeoutMs);
  const ok = await new Promise<boolean>((resolve) => {
    child.on("error", (error) => {
      output += String(error);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
  clearTimeout(timer);
  return {
    name: step.name,
    ok,
    seconds: (performance.now() - started) / 1000,
    output: ok ? output : (step.extract?.(output) ?? output),
  };
}

/** Runs steps at most `width` at a time, in the given order; `onDone` sees each result as it arrives. */
export async function runSteps(
  steps: readonly Step[],
  width: number,
  onDone: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const queue = [...steps];
  const worker = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const result = await runStep(step);
      results.push(result);
      onDone(result);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** One calm line per step; the held-back output below it when it failed. */
export function printResult(result: StepResult): void {
  const mark = result.ok ? "ok  " : "FAIL";
  process.stdout.write(`${mark}  ${result.name.padEnd(12)} ${result.seconds.toFixed(1).padStart(6)} s\n`);
  if (!result.ok) process.stdout.write(`${result.output.trimEnd()}\n\n`);
}
