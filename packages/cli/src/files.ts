/** Files named on the command line, with a limit. */
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { cliError } from "./errors.ts";

const FILE_BYTES_MAX = 16 * 1024 * 1024;

export function readNamedFile(path: string, bytesMax = FILE_BYTES_MAX): Uint8Array {
  try {
    if (statSync(path).size > bytesMax) throw new Error("too large");
    return readFileSync(path);
  } catch (cause) {
    throw cliError("cli/unreadable-file", `cannot read ${basename(path)}`, {}, cause);
  }
}

/** The same where the file may be absent. */
export const readIfThere = (path: string): Uint8Array | undefined =>
  existsSync(path) ? readNamedFile(path) : undefined;

export function writeNamedFile(path: string, data: Uint8Array | string): void {
  try {
    const fd = openSync(path, "w", 0o600);
    try {
      writeFileSync(fd, data);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw cliError("cli/unwritable-file", `cannot write ${basename(path)}`, {}, cause);
  }
}
