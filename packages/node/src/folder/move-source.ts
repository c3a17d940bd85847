/** A source whose database moved to another address: the one line changes, everything else people wrote stays. */
import { readFileSync } from "node:fs";
import { nodeError } from "../errors.ts";
import { parseConfig } from "./config.ts";
import { writeWhole } from "./files.ts";
import { type Folder, openFolder, sourceOf } from "./folder.ts";

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
