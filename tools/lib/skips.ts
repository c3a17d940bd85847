/** What was not run, and whether it should have been: the runner re-checks every stated need on its own. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Need, Skip } from "../../packages/testkit/src/skip.ts";

/** True when this machine seems to have what the test says it lacks: then, under CI=true, the skip is a failure. */
const couldRunHere: Readonly<Record<Need, () => boolean>> = {
  go: () => onPath("go"),
  chromium: () => onPath("chromium") || onPath("chromium-browser"),
  "shared-data": () => (process.env["ANAMNESIS_SHARED_DATA"] ?? "") !== "",
  root: () => process.getuid?.() === 0,
  "user-namespaces": () => onPath("unshare") && readOr("/proc/sys/user/max_user_namespaces", "0").trim() !== "0",
  tmpfs: () => existsSync("/dev/shm"),
  postgres: () => process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64"),
  "postgres-14": () => process.platform === "linux" && process.arch === "x64",
  mariadb: () => onPath("mariadbd"),
  pgaudit: () => existsSync("/usr/lib/postgresql/15/lib/pgaudit.so"),
  "other-node": () => (process.env["ANAMNESIS_OTHER_NODE"] ?? "") !== "",
  network: () => false,
};

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/** Reads the notes left by `skipLoudly`: one JSON object per line, the same skip once. */
export function parseSkips(text: string): readonly Skip[] {
  const seen = new Map<string, Skip>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const value: unknown = JSON.parse(line);
    if (!isSkip(value)) throw new Error(`not a skip note: ${line.slice(0, 200)}`);
    seen.set(value.name, value);
  }
  return [...seen.values()];
}

function isSkip(value: unknown): value is Skip {
  if (typeof value !== "object" || value === null) return false;
  const { name, needs, reason } = value as Record<string, unknown>;
  return typeof name === "string" && typeof needs === "string" && needs in couldRunHere && typeof reason === "string";
}

export interface SkipReport {
  readonly lines: readonly string[];
  /** Skips that must not stand in CI: the need is met here, or no reason was given at all. */
  readonly unfounded: readonly string[];
}

/** Joins the stated skips with the tests vitest counted as skipped; one without a stated reason is unfounded. */
export function reportSkips(
  stated: readonly Skip[],
  skippedTests: readonly string[],
  could: (need: Need) => boolean = (need) => couldRunHere[need](),
): SkipReport {
  const lines: string[] = [];
  const unfounded: string[] = [];
  for (const skip of stated) {
    const count = skippedTests.filter((test) => test.includes(skip.name)).length;
    const possible = could(skip.needs);
    lines.push(`skipped (${count}): ${skip.name}: needs ${skip.needs}: ${skip.reason}`);
    if (possible) unfounded.push(`${skip.name}: says it needs ${skip.needs}, which seems to be present here`);
  }
  for (const test of skippedTests) {
    if (stated.some((skip) => test.includes(skip.name))) continue;
    lines.push(`skipped (1): ${test}: NO REASON GIVEN`);
    unfounded.push(`${test}: skipped without a reason; call skipLoudly`);
  }
  return { lines, unfounded };
}
