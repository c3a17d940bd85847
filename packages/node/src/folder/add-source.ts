/** Adding a source: its handle key first, then one more section in the configuration. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { sourceId } from "@anamnesis/core";
import { explainFile, nodeError } from "../errors.ts";
import { parseConfig, type SourceConfig } from "./config.ts";
import { type NewSource, sourceText } from "./config-text.ts";
import { makeFolder, writeWhole } from "./files.ts";
import type { Folder } from "./folder.ts";
import { makeKey } from "./keys.ts";
import { sourceLayout } from "./layout.ts";
import { databaseUrl } from "./url.ts";

/**
 * Leaves what people wrote into the file untouched: the section is appended.
 * @throws AnamnesisError `node/source-exists`, `node/bad-url`, `node/missing-variable`, `core/bad-identifier`
 */
export function addSource(
  folder: Folder,
  source: NewSource,
  env: Readonly<Record<string, string | undefined>>,
): SourceConfig {
  const name = sourceId(source.name);
  if (folder.config.sources.some((s) => s.name === name)) {
    throw nodeError("node/source-exists", "a source of this name is configured already", { source: name });
  }
  databaseUrl(source.url, env);
  const { handleKey, dir } = sourceLayout(folder.layout, name);
  try {
    const text = readFileSync(folder.layout.config, "utf8") + sourceText(source, randomBytes(24).toString("base64url"));
    const added = parseConfig(text).sources.find((s) => s.name === name);
    if (added === undefined) throw nodeError("node/bad-config", "the section of the source could not be added");
    makeFolder(dir);
    // A key may be left from an add that was cut off: it protects nothing yet, and keeping it is harmless.
    if (!existsSync(handleKey)) makeKey(handleKey);
    writeWhole(folder.layout.config, text);
    return added;
  } catch (problem) {
    throw explainFile(problem, "the source cannot be added");
  }
}
