import type { Texts } from "./texts/en.ts";

/** The examples below the help of one command. */
export function exampleText(texts: Texts, ...lines: readonly string[]): string {
  return `\n${texts.program.examples}:\n${lines.map((l) => `  anamnesis ${l}`).join("\n")}`;
}
