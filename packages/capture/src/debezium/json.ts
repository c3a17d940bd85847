/**
 * JSON whose numbers keep their text. Debezium writes 64-bit keys and decimals as JSON numbers; as JavaScript numbers they
 * would lose digits, and two different rows could become one.
 */
import { captureError } from "../errors.ts";

/** A number as it was written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | string | ExactNumber | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json;
}

/** @throws AnamnesisError `capture/malformed-push` when the text is no JSON */
export function parseExact(text: string): Json {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? new ExactNumber(context?.source ?? String(value)) : value,
    ) as Json;
  } catch (cause) {
    // The parser's own message quotes the text, which holds data of patients.
    if (cause instanceof SyntaxError) throw captureError("capture/malformed-push", "a message is not JSON");
    throw cause;
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

/**
 * A column's value as text: texts and numbers as they stand, the rest as JSON with its members sorted, so that the same
 * value has the same text whatever order a connector writes. Null = SQL NULL.
 */
export function columnText(value: Json): string | null {
  if (value === null) return null;
  if (typeof value === "string") return value;
  return sorted(value);
}

function sorted(value: Json): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((each) => sorted(each as Json)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(value[name] ?? null)}`).join(",")}}`;
}
