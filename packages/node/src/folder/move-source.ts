/** A source whose database moved to another address: the one line changes, everything else people wrote stays. */
import { existsSync, readFileSync } from "node:fs";
import { openProgress } from "@anamnesis/capture";
import type { Environment } from "../access.ts";
import { nodeError } from "../errors.ts";
import { parseConfig } from "./config.ts";
import { writeWhole } from "./files.ts";
import { type Folder, openFolder, sourceOf } from "./folder.ts";
import { sourceLayout } from "./layout.ts";
import { databaseUrl } from "./url.ts";

/** @throws AnamnesisError `node/unknown-source`, or `node/bad-config` when the section was reshaped by hand */
export function moveSource(folder: Folder, name: string, url: string): Folder {
  if (sourceOf(folder, name).url === url) return folder;
  const lines = readFileSync(folder.layout.config, "utf8").split("\n");
  const section = lines.findIndex((line) => line.trim() === `[source.${name}]`);
  const at = lines.findIndex((line, i) => section >= 0 && i > section && /^\s*url\s*=/.test(line));
  const text = lines.with(at < 0 ? 0 : at, `url = ${JSON.stringify(url)}`).join("\n");
  if (at < 0 || parseConfig(text).sources.find((s) => s.name === name)?.url !== url) {
    throw nodeError("node/bad-config", `the address of source ${name} has to be changed by hand`, { source: name });
  }
  writeWhole(folder.layout.config, text);
  return openFolder(folder.layout.dir);
}

export interface Move {
  readonly name: string;
  readonly url: string;
  /** A code that will stand on the ledger with the gap that the other database is. */
  readonly reason: string;
}

/**
 * The same, and the reason is remembered for the gap that capture declares when it meets another life of the source.
 * @throws AnamnesisError as `moveSource` does, `node/not-captured` before the first capture, `node/bad-url`
 */
export function declareMove(folder: Folder, { name, url, reason }: Move, env: Environment): Folder {
  databaseUrl(url, env);
  const { progress: path } = sourceLayout(folder.layout, sourceOf(folder, name).name);
  if (!existsSync(path)) throw nodeError("node/not-captured", "this source was never captured", { source: name });
  const moved = moveSource(folder, name, url);
  const progress = openProgress(path);
  try {
    progress.setReason(reason);
  } finally {
    progress.close();
  }
  return moved;
}
