import { spawnSync } from "node:child_process";
import { sandboxError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";

/**
 * As whom the server runs. PostgreSQL refuses uid 0, so root needs a detour:
 * - `namespace`: a user namespace in which our own uid is called 65534. Files stay root's, folders with mode 0700 work.
 * - `nobody`: really uid 65534. Needs every folder on the way to be open to all; containers often leave only this.
 */
export type Identity = "plain" | "namespace" | "nobody";

export const NOBODY = 65534;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

/** How to call a program under an identity. `unshare` replaces itself, so the child's pid is the program's. */
export function command(identity: Identity, file: string, args: readonly string[]): Command {
  switch (identity) {
    case "plain":
      return { file, args, ids: {} };
    case "namespace":
      return {
        file: "unshare",
        args: ["--user", `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, file, ...args],
        ids: {},
      };
    case "nobody":
      return { file, args, ids: { uid: NOBODY, gid: NOBODY } };
  }
}

/**
 * Chooses by trying: the server's `--version` under each identity, from inside the folder it will work in.
 * Throws `sandbox/root-refused` when we are root and neither detour works.
 */
export function chooseIdentity(
  binaries: Binaries,
  cwd: string,
  uid: number | undefined = process.getuid?.(),
  works: (identity: Identity) => boolean = (identity) => tries(identity, binaries, cwd),
): Identity {
  if (uid !== 0) return "plain";
  const found = (["namespace", "nobody"] as const).find(works);
  if (found !== undefined) return found;
  throw sandboxError(
    "sandbox/root-refused",
    "PostgreSQL does not run as root, user namespaces are blocked here, and the account nobody cannot enter the folder: " +
      "start as an ordinary user, or put both the program and its folder where everyone may enter",
  );
}

function tries(identity: Identity, binaries: Binaries, cwd: string): boolean {
  const { file, args, ids } = command(identity, binaries.postgres, ["--version"]);
  const run = spawnSync(file, args, { cwd, env: binaries.env, stdio: "ignore", timeout: 10_000, ...ids });
  return run.status === 0;
}
