import { chmodSync, chownSync, cpSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A copy of a server's folder with the owners and rights it had: the server insists on both. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  const own = process.getuid?.();
  for (const name of ["", ...readdirSync(from, { recursive: true, encoding: "utf8" })]) {
    const original = lstatSync(join(from, name));
    if (original.isSymbolicLink()) continue; // what it leads to is not ours
    if (original.uid !== own) chownSync(join(to, name), original.uid, original.gid);
    chmodSync(join(to, name), original.mode & 0o777);
  }
}

/** A copy of everything of a stopped server (its folder as given to `startPostgres`), to be started beside it. */
export function copyServer(from: string, to: string): void {
  copyFolder(from, to);
  rmSync(join(to, "port"), { force: true });
}
