import { AnamnesisError, type Details } from "@anamnesis/core";

/** What can be wrong with rules or with the order of accesses. The comment tells the remedy. */
export type MisuseErrorCode =
  | "misuse/bad-rules" // the rules are no document of version 1: start from what `misuse --show-rules` prints
  | "misuse/unknown-rule" // the rules name a rule that does not exist: correct the name, or leave it out
  | "misuse/unknown-parameter" // a rule has no such parameter: correct the name, or leave it out
  | "misuse/bad-parameter"; // a parameter has the wrong type or lies outside its range: the message names both

export function misuseError(
  code: MisuseErrorCode,
  message: string,
  details: Details = {},
): AnamnesisError<MisuseErrorCode> {
  return new AnamnesisError(code, message, details);
}
