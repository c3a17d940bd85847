/** `sandbox.json`: says that a data folder is a sandbox, and with which hospital it began. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliError } from "../errors.ts";

export interface SandboxState {
  readonly patients: number;
  readonly seed: string;
}

/** Name of the sandbox's one source. */
export const SOURCE = "ehr";
/** Folder of the hospital's PostgreSQL inside the data folder. */
export const POSTGRES = "postgres";

const fileIn = (dir: string): string => join(dir, "sandbox.json");

/** @throws AnamnesisError `cli/sandbox-folder` when something else lives in the folder */
export function readSandbox(dir: string): SandboxState | undefined {
  if (!existsSync(fileIn(dir))) {
    const unfinished = existsSync(join(dir, "INIT-UNFINISHED"));
    if (unfinished || !existsSync(dir) || readdirSync(dir).length === 0) return undefined;
    throw cliError("cli/sandbox-folder", "the folder is not empty, and it is no sandbox");
  }
  const state = JSON.parse(readFileSync(fileIn(dir), "utf8")) as Partial<SandboxState>;
  if (typeof state.patients === "number" && typeof state.seed === "string") {
    return { patients: state.patients, seed: state.seed };
  }
  throw cliError("cli/sandbox-folder", "sandbox.json cannot be read");
}

export function writeSandbox(dir: string, state: SandboxState): void {
  writeFileSync(fileIn(dir), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}
