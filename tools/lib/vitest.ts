/** One vitest project as a step, and the totals read back from its JSON report. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "./steps.ts";

export interface Totals {
  readonly passed: number;
  /** By name; what failed without a test to name, by what is known of it. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

export interface Project {
  readonly name: "unit" | "integration";
  readonly timeoutMs: number;
  readonly live: boolean;
}

/** Reports and skip notes go to `folder`, never into the working tree: another user may own that. */
export function vitestStep(project: Project, folder: string): Step {
  return {
    name: project.name,
    script: "node_modules/vitest/vitest.mjs",
    args: [
      "run",
      `--project=${project.name}`,
      "--configLoader=runner", // the other loaders write a compiled config into node_modules
      "--silent=passed-only",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${reportFile(project.name, folder)}`,
    ],
    env: { ANAMNESIS_SKIP_FILE: join(folder, "skips.jsonl"), NO_COLOR: "1" },
    live: project.live,
    extract: failuresOf,
    timeoutMs: project.timeoutMs,
  };
}

function reportFile(name: Project["name"], folder: string): string {
  return join(folder, `${name}.json`);
}

/** Totals of a project that ran; a run that failed without naming a test (say, a rejection nobody caught) counts as one failure. */
export function readTotals(name: Project["name"], folder: string, ok: boolean): Totals {
  const file = reportFile(name, folder);
  const totals = existsSync(file) ? parseReport(readFileSync(file, "utf8")) : { passed: 0, failed: [], skipped: [] };
  return !ok && totals.failed.length === 0 ? { ...totals, failed: [`${name}: no test by itself`] } : totals;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** vitest's JSON report (Jest's shape). A file that broke before its first test is one failure. */
export function parseReport(text: string): Totals {
  const report = JSON.parse(text) as Report;
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const file of report.testResults) {
    const failedHere: string[] = [];
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed += 1;
      else if (test.status === "failed") failedHere.push(test.fullName);
      else skipped.push(test.fullName);
    }
    if (failedHere.length === 0 && file.status === "failed") failedHere.push(`${file.name}: before its first test`);
    failed.push(...failedHere);
  }
  return { passed, failed, skipped };
}

/** What a failed run says of its failures; the rest of its output is a list of what went well. */
export function failuresOf(output: string): string {
  const at = output.search(/^⎯+ (Failed|Unhandled) /m);
  return at < 0 ? output : output.slice(at);
}
