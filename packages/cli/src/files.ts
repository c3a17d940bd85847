/** Files named on the command line, with a limit. */
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { cliError } from "./errors.ts";

const FILE_BYTES_MAX = 16 * 1024 * 1024;

export function readNamedFile(path: string): Uint8Array {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error("too large");
    return readFileSync(path);
  } catch (cause) {
    throw cliError("cli/unreadable-file", `cannot read ${basename(path)}`, {}, cause);
  }
}

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
