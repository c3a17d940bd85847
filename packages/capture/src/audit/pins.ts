/**
 * Which columns a condition holds to given values. Two writers produce such conditions: people, in a WHERE clause, and
 * PostgreSQL, in the plans it explains. The grammar takes comparisons joined by AND and nothing else: a condition that
 * holds an OR, a function or a subquery gives no pins at all, for whoever wants to hide a long list of rows behind one
 * harmless key would write just that.
 */
import type { Cursor } from "./sql-tokens.ts";

/** `column`, held to one of `values` (texts as written). */
export interface Pin {
  /** Alias or name of the table, when written. */
  readonly table: string | undefined;
  readonly column: string;
  readonly values: readonly string[];
}

/** Values of `$1`, `$2`, …; undefined where the log does not tell. */
export type Parameters = readonly (string | undefined)[];

export const VALUES_MAX = 1_000;
const DEPTH_MAX = 32;

type Operand =
  | { readonly kind: "column"; readonly table: string | undefined; readonly column: string }
  /** undefined: a value that the log does not tell. */
  | { readonly kind: "value"; readonly text: string | undefined };

/** Reads a condition up to the first token that is no part of it; undefined when it is none that we understand. */
export function readPins(c: Cursor, parameters: Parameters, depth = 0): readonly Pin[] | undefined {
  const pins: Pin[] = [];
  do {
    const more = readOne(c, parameters, depth);
    if (more === undefined) return undefined;
    pins.push(...more);
  } while (c.word("and"));
  return pins;
}

function readOne(c: Cursor, parameters: Parameters, depth: number): readonly Pin[] | undefined {
  const start = c.at;
  if (depth < DEPTH_MAX && c.mark("(")) {
    const inside = readPins(c, parameters, depth + 1);
    if (inside !== undefined && c.mark(")") && endsCondition(c)) return inside;
    c.at = start; // a bracket around a column or a value
  }
  if (c.word("not")) return readOperand(c, parameters)?.kind === "column" ? [] : undefined;
  const left = readOperand(c, parameters);
  if (left === undefined) return undefined;
  if (c.mark("=")) return equality(c, parameters, left);
  if (["<", ">", "<=", ">=", "<>", "!="].some((m) => c.mark(m))) return nothing(readOperand(c, parameters));
  if (c.mark("~~") || c.mark("~~*")) return nothing(readOperand(c, parameters));
  if (c.word("is")) return isTest(c);
  const negated = c.word("not");
  if (c.word("like") || c.word("ilike")) return nothing(readOperand(c, parameters));
  if (c.word("between")) return between(c, parameters);
  if (c.word("in")) return list(c, parameters, negated ? undefined : left);
  return !negated && left.kind === "column" ? [] : undefined; // a column that is true or false
}

function endsCondition(c: Cursor): boolean {
  const next = c.peek();
  return next === undefined || (next.kind === "mark" ? next.text === ")" || next.text === ";" : next.kind === "word");
}

const nothing = (operand: Operand | undefined): readonly Pin[] | undefined => (operand === undefined ? undefined : []);

const pin = (column: Operand | undefined, values: readonly (string | undefined)[]): readonly Pin[] => {
  const known = values.filter((v) => v !== undefined);
  if (column?.kind !== "column" || known.length !== values.length || known.length > VALUES_MAX) return [];
  return [{ table: column.table, column: column.column, values: known }];
};

function equality(c: Cursor, parameters: Parameters, left: Operand): readonly Pin[] | undefined {
  if (c.word("any") || c.word("some")) return anyOf(c, parameters, left);
  const right = readOperand(c, parameters);
  if (right === undefined) return undefined;
  if (left.kind === "column" && right.kind === "value") return pin(left, [right.text]);
  if (left.kind === "value" && right.kind === "column") return pin(right, [left.text]);
  return [];
}

/** `= ANY ('{1,2}'::integer[])`, `= ANY ($1)`, `= ANY (ARRAY[1, 2])` */
function anyOf(c: Cursor, parameters: Parameters, left: Operand): readonly Pin[] | undefined {
  if (!c.mark("(")) return undefined;
  if (c.word("array")) {
    if (!c.mark("[")) return undefined;
    const values = readValues(c, parameters, "]");
    return values !== undefined && casts(c, CONSTANT_CASTS) && c.mark(")") ? pin(left, values) : undefined;
  }
  const array = readOperand(c, parameters);
  if (array?.kind !== "value" || !c.mark(")")) return undefined;
  return pin(left, array.text === undefined ? [undefined] : arrayValues(array.text));
}

function list(c: Cursor, parameters: Parameters, column: Operand | undefined): readonly Pin[] | undefined {
  if (!c.mark("(")) return undefined;
  const values = readValues(c, parameters, ")");
  return values === undefined ? undefined : pin(column, values);
}

function readValues(c: Cursor, parameters: Parameters, end: string): (string | undefined)[] | undefined {
  const values: (string | undefined)[] = [];
  do {
    const value = readOperand(c, parameters);
    if (value?.kind !== "value") return undefined;
    values.push(value.text);
  } while (c.mark(","));
  return c.mark(end) ? values : undefined;
}

function between(c: Cursor, parameters: Parameters): readonly Pin[] | undefined {
  const low = readOperand(c, parameters);
  return low !== undefined && c.word("and") ? nothing(readOperand(c, parameters)) : undefined;
}

function isTest(c: Cursor): readonly Pin[] | undefined {
  c.word("not");
  return c.word("null") || c.word("true") || c.word("false") ? [] : undefined;
}

function readOperand(c: Cursor, parameters: Parameters, depth = 0): Operand | undefined {
  const operand = readPrimary(c, parameters, depth);
  if (operand === undefined) return undefined;
  return casts(c, operand.kind === "column" ? TEXT_CASTS : CONSTANT_CASTS) ? operand : undefined;
}

function readPrimary(c: Cursor, parameters: Parameters, depth: number): Operand | undefined {
  if (c.mark("(")) {
    const inside = depth < DEPTH_MAX ? readOperand(c, parameters, depth + 1) : undefined;
    return inside !== undefined && c.mark(")") ? inside : undefined;
  }
  const sign = c.mark("-") ? "-" : "";
  const token = c.peek();
  if (token?.kind === "constant" && !(sign === "-" && token.string)) {
    c.at++;
    return { kind: "value", text: token.plain ? sign + token.text : undefined };
  }
  if (sign === "-") return undefined;
  if (token?.kind === "parameter") {
    c.at++;
    return { kind: "value", text: parameters[token.number - 1] };
  }
  if (c.word("true")) return { kind: "value", text: "t" };
  if (c.word("false")) return { kind: "value", text: "f" };
  return readColumn(c);
}

function readColumn(c: Cursor): Operand | undefined {
  const first = c.name();
  if (first === undefined) return undefined;
  const second = c.mark(".") ? c.name() : undefined;
  const third = second !== undefined && c.mark(".") ? c.name() : undefined;
  const next = c.peek();
  if (next?.kind === "mark" && (next.text === "(" || next.text === "." || next.text === "[")) return undefined;
  if (next?.kind === "constant") return undefined; // `date '2024-01-01'`: the type decides what it means
  if (third !== undefined) return { kind: "column", table: `${first}.${second}`, column: third };
  return second === undefined
    ? { kind: "column", table: undefined, column: first }
    : { kind: "column", table: first, column: second };
}

/** A column may be read as text: then its text is what is compared. Any other cast may make many values one. */
const TEXT_CASTS = /^(?:text|character varying|varchar|bpchar)$/;
/** Casts that leave a value what it is, or fail. */
const CONSTANT_CASTS =
  /^(?:text|character varying|varchar|bpchar|int[248]?|integer|bigint|smallint|uuid|date|numeric|timestamp|timestamptz|timestamp with time zone|timestamp without time zone)(?:\[\])?$/;

/** At most one cast, of a kind that does no harm. */
function casts(c: Cursor, allowed: RegExp): boolean {
  if (!c.mark("::")) return true;
  const words: string[] = [];
  for (let token = c.peek(); token?.kind === "word" && !token.quoted && !ENDS_TYPE.has(token.text); token = c.peek()) {
    words.push(token.text);
    c.at++;
  }
  const array = c.mark("[") ? (c.mark("]") ? "[]" : "?") : "";
  const next = c.peek();
  if (next?.kind === "mark" && (next.text === "(" || next.text === "::" || next.text === "." || next.text === "["))
    return false;
  return allowed.test(words.join(" ") + array);
}

const ENDS_TYPE: ReadonlySet<string> = new Set(
  "and or order limit offset for fetch group between in is like ilike not union returning".split(" "),
);

/** The values of a one-dimensional array literal without anything that needs unquoting; one unknown otherwise. */
function arrayValues(text: string): readonly (string | undefined)[] {
  const inside = /^\{([^{}\\]*)\}$/.exec(text)?.[1];
  if (inside === undefined || inside === "") return [undefined];
  return inside.split(",").map((part) => {
    const quoted = /^"([^",]*)"$/.exec(part)?.[1];
    return quoted ?? (/^[^"\s]+$/.test(part) && part.toLowerCase() !== "null" ? part : undefined);
  });
}
