/** Which language: `--lang`, else what the environment says, else English. */
import { en, type Texts } from "./texts/en.ts";
import { zh } from "./texts/zh.ts";

export type Language = "en" | "zh";

const CATALOGUES: Readonly<Record<Language, Texts>> = { en, zh };

export const textsFor = (language: Language): Texts => CATALOGUES[language];

/** Takes `--lang X` or `--lang=X` out of the arguments, wherever it stands: help must already speak that language. */
export function takeLanguage(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { readonly language: Language; readonly rest: readonly string[]; readonly wrong?: string } {
  const at = argv.findIndex((a) => a === "--lang" || a.startsWith("--lang="));
  const fromEnv = languageOf(env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "") ?? "en";
  const asked = argv[at];
  if (asked === undefined) return { language: fromEnv, rest: argv };
  const joined = asked.startsWith("--lang=");
  const value = joined ? asked.slice("--lang=".length) : (argv[at + 1] ?? "");
  const rest = argv.toSpliced(at, joined ? 1 : 2);
  const language = languageOf(value);
  return language === undefined ? { language: fromEnv, rest, wrong: value } : { language, rest };
}

function languageOf(text: string): Language | undefined {
  const found = /^(en|zh)\b|^(en|zh)_/.exec(text.toLowerCase());
  return (found?.[1] ?? found?.[2]) as Language | undefined;
}
