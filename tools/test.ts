// `npm test`: the checks, then the integration tests on real PostgreSQL and real kills. Ends with what was skipped,
// by name and reason, and as the very last line the totals over all tests (a failed check counts as one failure).
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./lib/checks.ts";
import { parseSkips, reportSkips } from "./lib/skips.ts";
import { printResult, runStep } from "./lib/steps.ts";
import { readTotals, vitestStep } from "./lib/vitest.ts";

const INTEGRATION_LIMIT_MS = 30 * 60_000;

async function main(folder: string): Promise<number> {
  const checks = await runChecks(folder, printResult);
  const unitOk = checks.some((check) => check.name === "unit" && check.ok);
  const failedChecks = checks.filter((check) => !check.ok && check.name !== "unit");
  const integration = await runStep(
    vitestStep({ name: "integration", timeoutMs: INTEGRATION_LIMIT_MS, live: true }, folder),
  );
  printResult(integration);
  const totals = [readTotals("unit", folder, unitOk), readTotals("integration", folder, integration.ok)];
  const skipped = totals.flatMap((each) => each.skipped);

  const notes = join(folder, "skips.jsonl");
  const report = reportSkips(existsSync(notes) ? parseSkips(readFileSync(notes, "utf8")) : [], skipped);
  for (const line of report.lines) process.stdout.write(`${line}\n`);
  const unfounded = process.env["CI"] === "true" ? report.unfounded : [];
  for (const line of unfounded) process.stdout.write(`FAIL  skip not allowed in CI: ${line}\n`);
  for (const test of totals.flatMap((each) => each.failed)) process.stdout.write(`FAIL  test: ${test}\n`);
  for (const check of failedChecks) process.stdout.write(`FAIL  check: ${check.name}\n`);

  const passed = totals.reduce((sum, each) => sum + each.passed, 0);
  const failed = totals.reduce((sum, each) => sum + each.failed.length, 0) + failedChecks.length + unfounded.length;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

const folder = mkdtempSync(join(tmpdir(), "anamnesis-test-"));
try {
  process.exitCode = await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
