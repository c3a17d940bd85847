/** One record of comma-separated values, quotes doubled, line ends allowed inside of quotes. */
const FIELDS_MAX = 65_536;

/** The fields; null where a field is empty and not quoted. undefined: not well-formed, or more than `FIELDS_MAX`. */
export function csvFields(text: string): readonly (string | null)[] | undefined {
  const fields: (string | null)[] = [];
  for (let at = 0; ; ) {
    if (fields.length >= FIELDS_MAX) return undefined;
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end === undefined) return undefined;
      fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const comma = text.indexOf(",", at);
      const end = comma < 0 ? text.length : comma;
      fields.push(end === at ? null : text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return fields;
    if (text[at] !== ",") return undefined;
    at++;
  }
}

function closingQuote(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return undefined;
}
