/** Small files that must be whole or absent, and readable by their owner only. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
}

/** Writes beside the target, fsyncs, renames: a reader sees the old text or the new one, never a part. */
export function writeWhole(path: string, text: string | Uint8Array, mode = PRIVATE_FILE): void {
  const draft = `${path}.new`;
  const fd = openSync(draft, "w", mode);
  try {
    writeSync(fd, typeof text === "string" ? Buffer.from(text) : text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(draft, mode);
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Makes a rename or a new name in the folder durable. */
function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
