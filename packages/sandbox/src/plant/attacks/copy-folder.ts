import { chmodSync, chownSync, cpSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A copy of a server's folder with the owners and rights it had: the server insists on both. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  const own = process.getuid?.();
  for (const name of ["", ...readdirSync(from, { recursive: true, encoding: "utf8" })]) {
    const { uid, gid, mode } = lstatSync(join(from, name));
    if (uid !== own) chownSync(join(to, name), uid, gid);
    chmodSync(join(to, name), mode & 0o777);
  }
}
