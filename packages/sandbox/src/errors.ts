import { statfsSync } from "node:fs";
import { AnamnesisError, type Details, isAnamnesisError } from "@anamnesis/core";

/** Everything that can go wrong in the sandbox, with the remedy beside each code. */
export type SandboxErrorCode =
  | "sandbox/no-postgres" // no PostgreSQL of that version for this platform: run `npm ci` without --omit=optional, on Linux x64 or arm64, or `npm run matrix`
  | "sandbox/no-mariadb" // no MariaDB on this machine: install the package mariadb-server
  | "sandbox/port-busy" // another program listens there: stop it, or give another port
  | "sandbox/no-access" // the folder cannot be written or entered: fix its owner and rights, or give another folder
  | "sandbox/root-refused" // PostgreSQL never runs as root, and neither detour works here: use an ordinary account
  | "sandbox/disk-full" // free space, then start again: nothing acknowledged is lost
  | "sandbox/start-failed" // PostgreSQL ended while starting: its log file says why
  | "sandbox/start-timeout" // PostgreSQL was not ready in time: look at its log file, start again
  | "sandbox/stopped" // asked to stop while starting or working
  | "sandbox/foreign-folder" // a server that is not ours works in this folder: stop it, or give another folder
  | "sandbox/ward-failed" // the ward met an error that is no lost connection: see the cause
  | "sandbox/plant-failed"; // too few rows to plant that many alterations: fill the hospital first

export function sandboxError(
  code: SandboxErrorCode,
  message: string,
  details: Details = {},
  cause?: unknown,
): AnamnesisError<SandboxErrorCode> {
  return new AnamnesisError(code, message, details, cause === undefined ? undefined : { cause });
}

/** The code that fits an operating-system error or a text PostgreSQL wrote; `undefined` when none does. */
export function classify(problem: unknown): SandboxErrorCode | undefined {
  const text =
    problem instanceof Error ? `${"code" in problem ? String(problem.code) : ""} ${problem.message}` : String(problem);
  if (/ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(text)) return "sandbox/disk-full";
  if (/EADDRINUSE|Address already in use/.test(text)) return "sandbox/port-busy";
  if (
    /EACCES|EPERM|EROFS|Permission denied|Read-only file system|has wrong ownership|has invalid permissions/.test(text)
  )
    return "sandbox/no-access";
  return undefined;
}

const REMEDY: Partial<Record<SandboxErrorCode, string>> = {
  "sandbox/disk-full": "the disk is full: free some space and start again",
  "sandbox/port-busy": "the port is in use: stop the program that listens there, or choose another port",
  "sandbox/no-access":
    "the folder cannot be used by this account: correct its owner and rights, or choose another folder",
};

/** Less than this and PostgreSQL cannot go on: one WAL segment and room to work. */
const SPACE_BYTES_MIN = 32 * 2 ** 20;

/** As `explain`, for a server in `dir`: one that broke off without a word while the disk is full did so for want of space. */
export function explainAt(dir: string, problem: unknown, what: string): AnamnesisError {
  if (isAnamnesisError(problem) || classify(problem) !== undefined) return explain(problem, what);
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize >= SPACE_BYTES_MIN) return explain(problem, what);
  return sandboxError("sandbox/disk-full", `${what}: ${REMEDY["sandbox/disk-full"]}`, {}, problem);
}

/** Wraps a foreign failure into a coded one that says what to do; a coded one passes through unchanged. */
export function explain(problem: unknown, what: string, details: Details = {}): AnamnesisError {
  if (isAnamnesisError(problem)) return problem;
  const code = classify(problem) ?? "sandbox/start-failed";
  return sandboxError(
    code,
    `${what}: ${REMEDY[code] ?? "see the log file of the server for the reason"}`,
    details,
    problem,
  );
}
