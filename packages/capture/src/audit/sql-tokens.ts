/**
 * Cuts SQL into tokens the way PostgreSQL's scanner does (manual, "Lexical Structure"), for reading statements out of a
 * log. It decides nothing: what it cannot be sure of becomes `other`, and whoever reads the tokens gives up there.
 */
export type Token =
  /** An identifier or keyword; unquoted ones in lower case. */
  | { readonly kind: "word"; readonly text: string; readonly quoted: boolean }
  /** A string or number; `plain` = its text is its value as written. */
  | { readonly kind: "constant"; readonly text: string; readonly string: boolean; readonly plain: boolean }
  /** `$1` */
  | { readonly kind: "parameter"; readonly number: number }
  /** Punctuation, or an operator. */
  | { readonly kind: "mark"; readonly text: string }
  | { readonly kind: "other" };

export interface Scanned {
  readonly tokens: readonly Token[];
  /** The contents of block comments. */
  readonly comments: readonly string[];
}

/** Longer statements are not looked into: their reads count for the whole table. */
const SQL_CHARS_MAX = 65_536;
const TOKENS_MAX = 8_192;

const PATTERNS =
  /(?<space>\s+|--[^\n]*)|(?<open>\/\*)|(?<escaped>[eE]'(?:[^'\\]|\\[\s\S]|'')*')|(?<unicode>[uU]&['"])|(?<bits>[bBxXnN]'[^']*')|(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+")|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<parameter>\$\d+)|(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<mark>::|<=|>=|<>|!=|[()[\],;.*])|(?<operator>[-+*/<>=~!@#%^&|`?:]+)/y;

/** The tokens of a statement; undefined when it is too long to be looked into or ends inside of something. */
export function scan(sql: string): Scanned | undefined {
  if (sql.length > SQL_CHARS_MAX) return undefined;
  const tokens: Token[] = [];
  const comments: string[] = [];
  for (let at = 0; at < sql.length; ) {
    PATTERNS.lastIndex = at;
    const found = PATTERNS.exec(sql)?.groups;
    if (found === undefined || tokens.length >= TOKENS_MAX) return undefined;
    if (found["open"] !== undefined) {
      const end = commentEnd(sql, at);
      if (end === undefined) return undefined;
      comments.push(sql.slice(at + 2, end - 2));
      at = end;
    } else if (found["dollar"] !== undefined) {
      const tag = found["dollar"];
      const end = sql.indexOf(tag, at + tag.length);
      if (end < 0) return undefined;
      tokens.push({ kind: "constant", text: sql.slice(at + tag.length, end), string: true, plain: true });
      at = end + tag.length;
    } else {
      const token = tokenOf(found);
      if (token !== undefined) tokens.push(token);
      at = PATTERNS.lastIndex;
    }
  }
  return { tokens, comments };
}

function tokenOf(found: Readonly<Record<string, string | undefined>>): Token | undefined {
  const { space, escaped, unicode, bits, text, quoted, parameter, number, word, mark, operator } = found;
  if (space !== undefined) return undefined;
  // A backslash means something or nothing, as the session has `standard_conforming_strings`: where the string ends, too.
  if (text?.includes("\\") === true) return { kind: "other" };
  if (text !== undefined) return constant(text.slice(1, -1).replaceAll("''", "'"), true);
  if (escaped !== undefined) return { kind: "constant", text: "", string: true, plain: false };
  if (unicode !== undefined || bits !== undefined) return { kind: "other" };
  if (quoted !== undefined) return { kind: "word", text: quoted.slice(1, -1).replaceAll('""', '"'), quoted: true };
  if (parameter !== undefined) return { kind: "parameter", number: Number(parameter.slice(1)) };
  if (number !== undefined) return constant(number, false);
  if (word !== undefined) return { kind: "word", text: word.toLowerCase(), quoted: false };
  // A comment may begin inside of what looks like an operator.
  if (operator !== undefined && /--|\/\*/.test(operator)) return { kind: "other" };
  return { kind: "mark", text: mark ?? operator ?? "" };
}

const constant = (text: string, string: boolean): Token => ({ kind: "constant", text, string, plain: true });

/** Comments nest. */
function commentEnd(sql: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < sql.length - 1; at++) {
    const two = sql.slice(at, at + 2);
    if (two === "/*") depth++;
    else if (two === "*/") depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return undefined;
}

/** A place in a list of tokens that moves forward. */
export class Cursor {
  readonly #tokens: readonly Token[];
  at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get ended(): boolean {
    return this.at >= this.#tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.at + ahead];
  }

  /** Takes the next token if it is this unquoted word. */
  word(text: string): boolean {
    const token = this.peek();
    if (token?.kind !== "word" || token.quoted || token.text !== text) return false;
    this.at++;
    return true;
  }

  /** Takes the next token if it is this mark. */
  mark(text: string): boolean {
    const token = this.peek();
    if (token?.kind !== "mark" || token.text !== text) return false;
    this.at++;
    return true;
  }

  /** Takes a name: a quoted word, or one that is no keyword of ours. */
  name(): string | undefined {
    const token = this.peek();
    if (token?.kind !== "word" || (!token.quoted && RESERVED.has(token.text))) return undefined;
    this.at++;
    return token.text;
  }
}

/** Words that end a name in the statements we read. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "all and any array as asc between by case cast cross current desc distinct else end except exists fetch for from full " +
    "group having ilike in inner intersect into is isnull join lateral left like limit natural not notnull null offset on " +
    "only or order outer overlaps returning right row select similar some table tablesample then true false union using " +
    "values when where window with"
  ).split(" "),
);
