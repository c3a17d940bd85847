/** The disk's ceiling: blocks of bytes appended to one file, each flushed before the next. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";

/** @returns seconds */
export function rawAppend(file: string, blocks: readonly (readonly Uint8Array[])[]): number {
  const handle = openSync(file, "w");
  const started = performance.now();
  for (const leaves of blocks) {
    writeSync(handle, Buffer.concat(leaves));
    fdatasyncSync(handle);
  }
  const seconds = (performance.now() - started) / 1000;
  closeSync(handle);
  return seconds;
}
