/** From one entry of the log to the tables it touches, each with the rows that are certain. */
import type { TableSchema } from "../source.ts";
import { type Extent, extents } from "./access.ts";
import type { AuditEntry } from "./pgaudit.ts";
import type { Pin } from "./pins.ts";
import type { PlanEntry } from "./plan.ts";
import { readSelect } from "./select.ts";
import { scan, type Token } from "./sql-tokens.ts";
import type { AuditTables } from "./tables.ts";

export interface Touched {
  readonly table: TableSchema;
  readonly extents: readonly Extent[];
}

/** PostgreSQL's own check of a foreign key: nobody sees more than that the row is there. */
const KEY_CHECK =
  /^SELECT 1 FROM (?:ONLY )?"(?:[^"]|"")+"\."(?:[^"]|"")+" x WHERE [^()]*(?:\([\w.]+\)[^()]*)*FOR KEY SHARE OF x$/;

const RELATIONS: ReadonlySet<string> = new Set(["TABLE", "FOREIGN TABLE", "TOAST TABLE", "INDEX"]);

/**
 * Of pgaudit: one entry is one relation. `throughView`: the statement names a view, so names in its text may stand for
 * something else than the tables of the entries.
 */
export function auditTouches(entry: AuditEntry, tables: AuditTables, throughView: boolean): readonly Touched[] {
  if (!RELATIONS.has(entry.objectType) || KEY_CHECK.test(entry.sql)) return [];
  const found = tables.printed(entry.object);
  if (found === undefined) return [];
  const scanned = entry.class === "READ" || entry.sql !== "" ? scan(entry.sql)?.tokens : undefined;
  // A write is an event of its own; but one that gives rows back has been read too, also when it is rolled back.
  if (entry.class !== "READ" && !(entry.class === "WRITE" && (scanned === undefined || returns(scanned)))) return [];
  const { table, relation } = found;
  const pins = scanned === undefined || throughView ? [] : pinsOf(entry, scanned, relation);
  return [{ table, extents: extents(table, pins) }];
}

function pinsOf(entry: AuditEntry, tokens: readonly Token[], relation: string): readonly Pin[] {
  const select = readSelect(tokens, entry.parameters);
  const [from, again] = select?.from.filter((f) => f.name === relation) ?? [];
  if (select === undefined || from === undefined || again !== undefined) return [];
  const alone = select.from.length === 1;
  return select.pins.filter((pin) => (pin.table === undefined ? alone : pin.table === from.alias));
}

const returns = (tokens: readonly Token[]): boolean =>
  tokens.some((t) => t.kind === "word" && !t.quoted && t.text === "returning");

/** Of auto_explain: the relations of a plan. */
export function planTouches(entry: PlanEntry, tables: AuditTables): readonly Touched[] {
  if (KEY_CHECK.test(entry.sql)) return [];
  const touched: Touched[] = [];
  for (const each of entry.scans) {
    const table = tables.find(each.schema, each.relation);
    if (table !== undefined) touched.push({ table, extents: extents(table, each.pins) });
  }
  return touched;
}

/**
 * Of a statement that failed, where the log has plans of finished ones only: every captured table whose name stands in
 * its text. It may have been read up to the failure, so this says rather too much.
 */
export function failedTouches(sql: string, tables: AuditTables): readonly Touched[] {
  const tokens = scan(sql)?.tokens ?? [];
  const words = new Set(tokens.flatMap((t) => (t.kind === "word" ? [t.text] : [])));
  if (!["select", "returning", "copy", "fetch", "execute", "table"].some((w) => words.has(w))) return [];
  return [...tables.named(words)].map((table) => ({ table, extents: [{ kind: "table" }] }));
}
