/** Sources that are loaded with other texts than they have: how they are handed to child processes. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

export interface Patch {
  /** Absolute path of the source. */
  readonly path: string;
  readonly text: string;
}

const VARIABLE = "ANAMNESIS_PATCH";

export function writePatch(file: string, patches: readonly Patch[]): Readonly<Record<string, string>> {
  writeFileSync(file, JSON.stringify(patches));
  return { [VARIABLE]: file };
}

/** Texts by the URL of their source; empty when there is no patch. */
export function readPatch(): ReadonlyMap<string, string> {
  const file = process.env[VARIABLE];
  if (file === undefined) return new Map();
  const patches = JSON.parse(readFileSync(file, "utf8")) as readonly Patch[];
  return new Map(patches.map(({ path, text }) => [pathToFileURL(path).href, text]));
}
