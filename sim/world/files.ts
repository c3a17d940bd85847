/** A folder as a value: read, written elsewhere, thrown away. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

export type Files = ReadonlyMap<string, Uint8Array>;

export function readFolder(folder: string): Files {
  return new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

export function writeFolder(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) {
    const file = openSync(join(folder, name), "w");
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    closeSync(file);
  }
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });
