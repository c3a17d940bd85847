/**
 * The message of auto_explain in JSON form (manual, appendix F, "auto_explain"): which relations a statement scanned, by
 * their real names, and under which conditions.
 */
import { type Parameters, type Pin, readPins } from "./pins.ts";
import { Cursor, scan } from "./sql-tokens.ts";

export interface PlanEntry {
  readonly sql: string;
  readonly scans: readonly PlanScan[];
}

export interface PlanScan {
  readonly schema: string;
  readonly relation: string;
  readonly pins: readonly Pin[];
}

const PREFIX = /^duration: [\d.]+ ms {2}plan:\n/;
const NODES_MAX = 10_000;

type Json = Readonly<Record<string, unknown>>;

/** Whether a message is a plan at all, whatever its form. */
export const isPlan = (message: string): boolean => PREFIX.test(message);

/** undefined: not a plan in JSON form. */
export function parsePlan(message: string): PlanEntry | undefined {
  const start = PREFIX.exec(message)?.[0].length;
  if (start === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(message.slice(start));
  } catch {
    return undefined;
  }
  const plan = isObject(json) ? json["Plan"] : undefined;
  if (!isObject(json) || !isObject(plan)) return undefined;
  return { sql: textOf(json, "Query Text"), scans: new Walk(parametersOf(textOf(json, "Query Parameters"))).all(plan) };
}

/** A table that is written to, for the nodes below: its scans belong to the write unless rows are returned. */
interface Target {
  readonly alias: string;
  readonly returns: boolean;
}

class Walk {
  readonly #scans: PlanScan[] = [];
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  all(plan: Json): readonly PlanScan[] {
    const stack: { readonly node: Json; readonly target: Target | undefined }[] = [{ node: plan, target: undefined }];
    for (let seen = 0; seen < NODES_MAX; seen++) {
      const next = stack.pop();
      if (next === undefined) break;
      const target = targetOf(next.node) ?? next.target;
      this.#visit(next.node, target);
      const children = next.node["Plans"];
      if (!Array.isArray(children)) continue;
      for (const child of children) if (isObject(child)) stack.push({ node: child, target });
    }
    return this.#scans;
  }

  #visit(node: Json, target: Target | undefined): void {
    const relation = textOf(node, "Relation Name");
    const schema = textOf(node, "Schema");
    if (relation === "" || node["Node Type"] === "ModifyTable" || node["Actual Loops"] === 0) return;
    const alias = textOf(node, "Alias");
    if (target !== undefined && !target.returns && belongsTo(alias, target.alias)) return;
    const conditions = ["Index Cond", "Recheck Cond", "Filter"].map((key) => textOf(node, key));
    this.#scans.push({ schema, relation, pins: conditions.flatMap((c) => this.#pins(c, alias)) });
  }

  #pins(condition: string, alias: string): readonly Pin[] {
    const tokens = condition === "" ? undefined : scan(condition)?.tokens;
    if (tokens === undefined) return [];
    const cursor = new Cursor(tokens);
    const pins = readPins(cursor, this.#parameters);
    if (pins === undefined || !cursor.ended) return [];
    return pins.filter((pin) => pin.table === undefined || pin.table === alias);
  }
}

function targetOf(node: Json): Target | undefined {
  if (node["Node Type"] !== "ModifyTable" || node["Operation"] === "Insert") return undefined;
  const output = node["Output"];
  return { alias: textOf(node, "Alias"), returns: Array.isArray(output) && output.length > 0 };
}

/** Partitions of a target get its alias and a number. */
const belongsTo = (alias: string, target: string): boolean =>
  alias === target || (alias.startsWith(`${target}_`) && /^\d+$/.test(alias.slice(target.length + 1)));

/** `$1 = '42', $2 = NULL` */
function parametersOf(text: string): Parameters {
  const values: (string | undefined)[] = [];
  for (const [, number, value] of text.matchAll(/\$(\d{1,5}) = (?:'((?:[^']|'')*)'|NULL)(?:, |$)/gy)) {
    values[Number(number) - 1] = value?.replaceAll("''", "'");
  }
  return values;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(node: Json, key: string): string {
  const value = node[key];
  return typeof value === "string" ? value : "";
}
