/** How a failure is shown: code, text, remedy. Never a stack, a cause or a value unless somebody debugs. */
import { type AnamnesisError, isAnamnesisError } from "@anamnesis/core";
import type { AnyErrorCode, ErrorText } from "../errors.ts";
import type { Texts } from "../texts/en.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The catalogue says what to do; the error's own message says what exactly is wrong, and is safe to print. */
export function failureOf(error: unknown, texts: Texts): Failure {
  if (!isAnamnesisError(error))
    return { code: "internal", message: texts.errors.internal.text, remedy: texts.errors.internal.remedy };
  const known = lookUp(texts.errors, error.code);
  if (known === undefined) return { code: error.code, message: error.message, remedy: texts.errors.internal.remedy };
  return { code: error.code, message: `${known.text}: ${error.message}${where(error)}`, remedy: known.remedy };
}

/** Refusals of contract modules may carry codes that this version does not know. */
function lookUp(errors: Readonly<Record<AnyErrorCode, ErrorText>>, code: string): ErrorText | undefined {
  return Object.hasOwn(errors, code) ? errors[code as AnyErrorCode] : undefined;
}

const where = (error: AnamnesisError): string => {
  const details = Object.entries(error.details).map(([name, value]) => `${name}: ${String(value)}`);
  return details.length === 0 ? "" : ` (${details.join(", ")})`;
};

export function failureLines(failure: Failure, texts: Texts): string[] {
  return [`anamnesis: ${failure.message}`, `  ${texts.program.remedy}: ${failure.remedy}`, `  [${failure.code}]`];
}
