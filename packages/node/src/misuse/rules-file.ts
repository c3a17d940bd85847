/** Rules as people write them: TOML, or JSON when the file's name ends so. */
import { misuseError, parseRules, presetDocument } from "@anamnesis/misuse";
import { parse, stringify, TomlError } from "smol-toml";

/** @throws AnamnesisError `misuse/*`, also for a text that is neither. The document is whole: checked, not yet merged. */
export function readRules(name: string, text: string): unknown {
  const document = name.endsWith(".json") ? parseJson(text) : parseText(text);
  parseRules(document);
  return document;
}

/** The presets as TOML: what a file of one's own starts from. */
export function shownRules(): string {
  return stringify(presetDocument());
}

function parseText(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const where = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}` : "the text";
    throw misuseError("misuse/bad-rules", `the rules are not valid TOML at ${where}`, { where });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw misuseError("misuse/bad-rules", "the rules are not valid JSON");
  }
}
