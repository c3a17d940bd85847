/**
 * Which tables a statement takes its rows from, and which rows its WHERE clause holds them to; for logs that give the
 * statement and not the plan. Understands one plain SELECT (also inside COPY, PREPARE and DECLARE CURSOR). The rule is
 * that a narrow answer must be true: every other statement is said to read whole tables.
 */
import { type Parameters, type Pin, readPins } from "./pins.ts";
import { Cursor, type Token } from "./sql-tokens.ts";

export interface FromTable {
  readonly schema: string | undefined;
  readonly name: string;
  readonly alias: string;
}

export interface PlainSelect {
  readonly from: readonly FromTable[];
  readonly pins: readonly Pin[];
}

/** Words that make a statement more than one plain SELECT. `or` would only be found in a place we do not read. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "union",
  "intersect",
  "except",
  "table",
  "values",
  "with",
  "lateral",
  "tablesample",
]);
const ENDS: ReadonlySet<string> = new Set(["order", "limit", "offset", "fetch", "for", "group", "having", "window"]);

/** undefined: not a plain SELECT. */
export function readSelect(tokens: readonly Token[], parameters: Parameters): PlainSelect | undefined {
  const trimmed = isMark(tokens.at(-1), ";") ? tokens.slice(0, -1) : tokens;
  const words = trimmed.filter((t) => t.kind === "word" && !t.quoted).map((t) => (t.kind === "word" ? t.text : ""));
  if (words.some((w) => FORBIDDEN.has(w)) || words.filter((w) => w === "select").length !== 1) return undefined;
  if (trimmed.some((t) => t.kind === "other" || isMark(t, ";"))) return undefined;
  const c = new Cursor(trimmed);
  const wrapped = skipWrapping(c);
  if (wrapped === undefined || !c.word("select")) return undefined;
  if (!skipToFrom(c)) return undefined;
  const from = readFrom(c);
  if (from === undefined || !c.word("where")) return undefined;
  const pins = readPins(c, parameters);
  if (pins === undefined || !endsSelect(c, wrapped)) return undefined;
  return { from, pins };
}

/** `COPY (`, `PREPARE name (types) AS`, `DECLARE name … CURSOR … FOR`. Gives whether a bracket was opened. */
function skipWrapping(c: Cursor): boolean | undefined {
  if (c.word("copy")) return c.mark("(") ? true : undefined;
  if (c.word("prepare")) return skipUntil(c, "as") ? false : undefined;
  if (c.word("declare")) return skipUntil(c, "for") ? false : undefined;
  return false;
}

function skipUntil(c: Cursor, word: string): boolean {
  while (!c.ended) {
    if (c.word(word)) return true;
    c.at++;
  }
  return false;
}

/** The select list: FROM at bracket depth 0 ends it; `extract(year FROM …)` is deeper. */
function skipToFrom(c: Cursor): boolean {
  for (let depth = 0; !c.ended; c.at++) {
    const token = c.peek();
    if (isMark(token, "(") || isMark(token, "[")) depth++;
    else if (isMark(token, ")") || isMark(token, "]")) depth--;
    else if (depth === 0 && c.word("from")) return true;
    if (depth < 0) return false;
  }
  return false;
}

function readFrom(c: Cursor): readonly FromTable[] | undefined {
  const from: FromTable[] = [];
  do {
    const table = readTable(c);
    if (table === undefined) return undefined;
    from.push(table);
    const joined = readJoins(c, from);
    if (!joined) return undefined;
  } while (c.mark(","));
  return from;
}

function readJoins(c: Cursor, from: FromTable[]): boolean {
  while (skipJoin(c)) {
    const table = readTable(c);
    if (table === undefined) return false;
    from.push(table);
    if (c.word("on") && readPins(c, []) === undefined) return false;
  }
  return true;
}

function skipJoin(c: Cursor): boolean {
  const start = c.at;
  if (c.word("left") || c.word("right") || c.word("full")) c.word("outer");
  else if (!c.word("inner")) c.word("cross");
  if (c.word("join")) return true;
  c.at = start;
  return false;
}

function readTable(c: Cursor): FromTable | undefined {
  const first = c.name();
  if (first === undefined) return undefined;
  const second = c.mark(".") ? c.name() : undefined;
  const name = second ?? first;
  const alias = c.word("as") ? c.name() : aliasName(c);
  const next = c.peek();
  // A bracket is a function, or new names for the columns; a star or a dot is more than we know.
  if (isMark(next, "(") || isMark(next, ".") || isMark(next, "*")) return undefined;
  return { schema: second === undefined ? undefined : first, name, alias: alias ?? name };
}

function aliasName(c: Cursor): string | undefined {
  const next = c.peek();
  if (next?.kind === "word" && !next.quoted && ENDS.has(next.text)) return undefined;
  return c.name();
}

function endsSelect(c: Cursor, wrapped: boolean): boolean {
  if (wrapped) return c.mark(")");
  const next = c.peek();
  return next === undefined || (next.kind === "word" && !next.quoted && ENDS.has(next.text));
}

const isMark = (token: Token | undefined, text: string): boolean => token?.kind === "mark" && token.text === text;
