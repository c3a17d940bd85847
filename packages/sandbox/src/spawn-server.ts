import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { command, type Identity } from "./postgres/identity.ts";

export interface ServerProgram {
  readonly identity: Identity;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
  readonly logFile: string;
}

/** Detached, so that a Ctrl-C in the terminal does not stop the database before the capture that reads from it. */
export function spawnServer({ identity, program, args: wanted, env, dir, logFile }: ServerProgram): ChildProcess {
  const { file, args, ids } = command(identity, program, wanted);
  const log = openSync(logFile, "a", 0o600);
  try {
    const child = spawn(file, [...args], { cwd: dir, env, stdio: ["ignore", log, log], detached: true, ...ids });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
