/**
 * What statements in the binary log tell. Their texts may hold passwords and data: they are looked at here and passed on to
 * nobody.
 */
import { purposeCode } from "@anamnesis/ledger";

/** Only so much of a statement is looked at. */
const HEAD_MAX = 2_048;
const NAME_MAX = 512;

export interface Spoken {
  readonly actor: string | null;
  readonly purpose: string | null;
}

/**
 * A comment `anamnesis {"actor": "…", "purpose": "…"}` at the very beginning of a statement, where no value of the application
 * can stand. Undefined = the statement says nothing; null = it says something out of form.
 */
export function spokenActor(statement: Buffer): Spoken | null | undefined {
  const head = statement.subarray(0, HEAD_MAX).toString("utf8");
  const found = /^\s*\/\*\s*anamnesis\b([\s\S]*?)\*\//.exec(head);
  if (found === null) return /^\s*\/\*\s*anamnesis\b/.test(head) ? null : undefined;
  const json = parseObject(found[1] ?? "");
  if (json === undefined) return null;
  const { actor, purpose } = json as { readonly actor?: unknown; readonly purpose?: unknown };
  if (actor !== undefined && actor !== null && (typeof actor !== "string" || actor.length > NAME_MAX)) return null;
  return {
    actor: typeof actor === "string" && actor !== "" ? actor : null,
    purpose: typeof purpose === "string" ? purposeCode(purpose) : null,
  };
}

function parseObject(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

export type Statement =
  | { readonly kind: "begin" | "commit" | "rollback" | "savepoint" | "schema" | "other" }
  | { readonly kind: "xa-commit" | "xa-rollback" }
  | { readonly kind: "truncate"; readonly database: string; readonly table: string }
  /** Changed rows without telling which: it was logged as text. */
  | { readonly kind: "rows" };

const WORD = /^([A-Z]+)(?:\s+([A-Z]+))?/i;
const TRUNCATE = /^TRUNCATE\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?/i;
const NAME = /^(?:`((?:[^`]|``)+)`|([^\s.`;]+))\s*/;
const DOT = /^\.\s*/;
const SCHEMA: ReadonlySet<string> = new Set(["ALTER", "CREATE", "DROP", "RENAME"]);
const ROWS: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL", "EXECUTE"]);

export function readStatement(database: string, text: string): Statement {
  const sql = withoutComments(text.slice(0, HEAD_MAX));
  const [, first = "", second = ""] = WORD.exec(sql)?.map((word) => word?.toUpperCase() ?? "") ?? [];
  switch (first) {
    case "BEGIN":
      return { kind: "begin" };
    case "START":
      return { kind: "begin" };
    case "COMMIT":
      return { kind: "commit" };
    case "ROLLBACK":
      return { kind: second === "TO" ? "savepoint" : "rollback" };
    case "SAVEPOINT":
    case "RELEASE":
      return { kind: "savepoint" };
    case "XA":
      return { kind: second === "COMMIT" ? "xa-commit" : second === "ROLLBACK" ? "xa-rollback" : "other" };
    case "TRUNCATE":
      return truncated(database, sql);
    default:
      if (SCHEMA.has(first)) return { kind: "schema" };
      return { kind: ROWS.has(first) ? "rows" : "other" };
  }
}

function truncated(database: string, sql: string): Statement {
  const first = NAME.exec(sql.replace(TRUNCATE, ""));
  if (first === null) return { kind: "other" };
  const rest = sql.replace(TRUNCATE, "").slice(first[0].length);
  const dot = DOT.exec(rest);
  const second = dot === null ? null : NAME.exec(rest.slice(dot[0].length));
  if (second === null) return { kind: "truncate", database, table: nameOf(first) };
  return { kind: "truncate", database: nameOf(first), table: nameOf(second) };
}

const nameOf = (match: RegExpExecArray): string => match[1]?.replaceAll("``", "`") ?? match[2] ?? "";

/** Comments before and between the first words; the texts of executable ones (with `!`) are kept. */
function withoutComments(text: string): string {
  let sql = text.trimStart();
  for (;;) {
    const next = sql.replace(/^(?:--[^\n]*\n|#[^\n]*\n|\/\*(?!!)[\s\S]*?\*\/)\s*/, "");
    if (next === sql) break;
    sql = next;
  }
  return sql
    .replace(/\/\*!\d*([\s\S]*?)\*\//g, "$1")
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .trimStart();
}
