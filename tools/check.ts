// `npm run check`: tidy, format, lint, types, dead code, unit tests. One line per step; details only of what failed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./lib/checks.ts";
import { printResult } from "./lib/steps.ts";
import { readTotals } from "./lib/vitest.ts";

const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), "anamnesis-check-"));
try {
  const results = await runChecks(folder, printResult);
  const failed = results.filter((result) => !result.ok).map((result) => result.name);
  const unit = readTotals("unit", folder, !failed.includes("unit"));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${unit.passed} unit tests passed, ${unit.failed.length} failed, ${unit.skipped.length} skipped; ` +
      `${failed.length === 0 ? "all checks passed" : `failed: ${failed.join(", ")}`}; ${seconds} s\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
