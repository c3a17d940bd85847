/** The steps of `npm run check`, shared with `npm test`. */
import { runSteps, type Step, type StepResult } from "./steps.ts";
import { vitestStep } from "./vitest.ts";

const MINUTE_MS = 60_000;

/** Quick ones first, so that a wrong comma is heard of before the tests end. */
const statics: readonly Step[] = [
  { name: "tidy", script: "tools/tidy.ts", args: [], timeoutMs: MINUTE_MS },
  {
    name: "format",
    script: "node_modules/@biomejs/biome/bin/biome",
    args: ["check", "--error-on-warnings", "--colors=off", "--reporter=concise", "--max-diagnostics=200", "."],
    timeoutMs: MINUTE_MS,
  },
  {
    name: "lint",
    script: "node_modules/oxlint/bin/oxlint",
    args: ["--type-aware", "--deny-warnings", "--report-unused-disable-directives", "--format=unix", "."],
    timeoutMs: 2 * MINUTE_MS,
  },
  { name: "types", script: "node_modules/typescript/bin/tsc", args: ["-p", "."], timeoutMs: 2 * MINUTE_MS },
  {
    name: "dead code",
    script: "node_modules/knip/bin/knip.js",
    args: ["--no-progress", "--no-config-hints"],
    timeoutMs: 2 * MINUTE_MS,
  },
];

/** Runs everything, two steps at a time, and reports each as it ends. `folder` receives the tests' report. */
export async function runChecks(folder: string, onDone: (result: StepResult) => void): Promise<readonly StepResult[]> {
  const unit = vitestStep({ name: "unit", timeoutMs: 5 * MINUTE_MS, live: false }, folder);
  return await runSteps([...statics, unit], 2, onDone);
}
