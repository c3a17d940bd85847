/** A value as PostgreSQL's text output, `null` for NULL. */
export type Value = string | null;

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
};

/** One line of COPY's text format without its end: values parted by TAB, NULL as `\N` (PostgreSQL manual, COPY). */
export function copyLine(values: readonly Value[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the very characters COPY escapes
  return values
    .map((v) => (v === null ? "\\N" : v.replace(/[\b\t\n\v\f\r\\]/g, (c) => COPY_ESCAPES[c] ?? c)))
    .join("\t");
}

/**
 * A row's name: its key values in key order, parted by `|`; `\` and `|` inside a value carry a backslash.
 * Shared with verification, which names findings in the same way. For a table without a key it is `copyLine` of the row.
 */
export function keyText(values: readonly string[]): string {
  return values.map((value) => value.replace(/[\\|]/g, "\\$&")).join("|");
}

/** The literal of an array of texts. */
export function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

/** Quotes a name for SQL. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
