/** How a failure is shown: code, text, remedy. Never a stack, a cause or a value unless somebody debugs. */
import { type AnamnesisError, isAnamnesisError } from "@anamnesis/core";
import type { AnyErrorCode, ErrorText } from "../errors.ts";
import type { Texts } from "../texts/en.ts";
import { errorsEn } from "../texts/errors-en.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * The catalogue says what happened and what to do. The error's own message is safe to print, and follows where it tells
 * something that the catalogue does not.
 */
export function failureOf(error: unknown, texts: Texts): Failure {
  if (!isAnamnesisError(error))
    return { code: "internal", message: texts.errors.internal.text, remedy: texts.errors.internal.remedy };
  const known = textOf(texts.errors, error.code);
  if (known === undefined) return { code: error.code, message: error.message, remedy: texts.errors.internal.remedy };
  // Messages are English: whether one says more is seen beside the English text, in every language.
  const english = textOf(errorsEn, error.code) ?? known;
  const more = saysMore(error.message, `${english.text} ${english.remedy}${where(error)}`) ? `: ${error.message}` : "";
  return { code: error.code, message: `${known.text}${more}${where(error)}`, remedy: known.remedy };
}

/** Refusals of contract modules may carry codes that this version does not know. */
export function textOf(errors: Readonly<Record<AnyErrorCode, ErrorText>>, code: string): ErrorText | undefined {
  return Object.hasOwn(errors, code) ? errors[code as AnyErrorCode] : undefined;
}

const FILLERS = new Set(
  "a an and are at be by can cannot does for from has have here in is it its may not no of on or that the there this to was were which with".split(
    " ",
  ),
);

/** Names, numbers and code always say more; ordinary words do when more than a third of them are new. */
function saysMore(message: string, known: string): boolean {
  const words = message.replaceAll("Anamnesis", "").split(/\s+/);
  const isName = (word: string, at: number): boolean =>
    /\d|[._/`'"]\w|\w[_/]/.test(word) || (at > 0 && /[A-Z]/.test(word));
  if (words.some((word, at) => isName(word, at) && !known.includes(word))) return true;
  const stems = new Set(stemsOf(known));
  const said = stemsOf(words.join(" "));
  return said.filter((stem) => !stems.has(stem)).length * 3 > said.length;
}

const STEM = 5;

const stemsOf = (text: string): string[] =>
  (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter((w) => !FILLERS.has(w)).map((w) => w.slice(0, STEM));

const where = (error: AnamnesisError): string => {
  const details = Object.entries(error.details).map(([name, value]) => `${name}: ${String(value)}`);
  return details.length === 0 ? "" : ` (${details.join(", ")})`;
};

export function failureLines(failure: Failure, texts: Texts): string[] {
  return [`anamnesis: ${failure.message}`, `  ${texts.program.remedy}: ${failure.remedy}`, `  [${failure.code}]`];
}
