/**
 * Layouts: what the columns of a table were at some time, and how the row bytes of a former layout are had back from a row
 * as it is now. A commitment covers the columns of its time; so a row can be held against it as long as every column of
 * then can still be told: one that was added since is left out, a renamed one keeps its number, a changed type is cast
 * back. A column that was dropped cannot be told any more. Whatever is made here is only believed when the commitment fits.
 * But a name that is known goes on with what is known of it, for columns and labels as for tables: where two exchange their
 * names, whoever reads by name reads other values than before.
 */
import { type Bytes, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { joinFields, rulesOf } from "./digests/rule.ts";
import type { ColumnSchema, RowKey, SchemaRules, TableSchema } from "./source.ts";

/** The source cannot read the casts of a slice: without them what can be told is less, and nothing wrong. */
export class CastRefused extends Error {}

export interface Layout extends RowKey {
  /** The source's own name for the table while this was its layout: numbers of columns compare only within it. */
  readonly id?: string;
  readonly columns: readonly ColumnSchema[];
  /** Columns that it lacks, by number, and the position from which on the log carried them: see `withheldFrom`. */
  readonly lacks?: ReadonlyMap<number, bigint>;
}

export const layoutOf = ({
  id,
  columns,
  keyColumns,
  keyTag,
}: Pick<TableSchema, "id" | "columns" | keyof RowKey>): Layout => ({
  ...(id === undefined ? {} : { id }),
  columns,
  keyColumns,
  ...(keyTag === undefined ? {} : { keyTag }),
});

/** Why rows that were vouched for under a former layout have to be looked at again. */
export type LayoutChange = "columns" | "labels" | "key";

/** The widest change between two layouts; undefined when what was vouched for under the former holds as it is. */
export function layoutChange(former: Layout, now: Layout): LayoutChange | undefined {
  const same = (a: ColumnSchema, b: ColumnSchema | undefined) =>
    a.name === b?.name && a.type === b.type && a.modifier === b.modifier;
  const alike = former.columns.length === now.columns.length && former.columns.every((c, i) => same(c, now.columns[i]));
  if (!isSameKey(former, now)) return "key";
  if (!alike) return now.keyColumns.length === 0 ? "key" : "columns";
  const renamed = former.columns.some((c, i) => labelsBack(c, now.columns[i] ?? c) !== undefined);
  if (!renamed) return undefined;
  return now.keyColumns.length === 0 ? "key" : "labels";
}

export const layoutRules = (p: Primitives, layout: Layout): SchemaRules => rulesOf(p, layout.columns, "full").rules;

/**
 * From this position on no honest change comes under the former layout: the log carried a column before that this layout lacks
 * and that the table still has, for numbers of columns are not used again. Somebody had it left out for a moment.
 */
export function withheldFrom(former: Layout, now: Layout): bigint | undefined {
  if (former.id === undefined || former.id !== now.id) return undefined;
  let first: bigint | undefined;
  for (const [number, position] of former.lacks ?? [])
    if (now.columns.some((c) => c.id === number) && (first === undefined || position < first)) first = position;
  return first;
}

/** How one column of a former layout is had from the row: from which field, by which labels, or cast back to which type. */
interface FieldPlan {
  readonly from: number;
  readonly labels?: ReadonlyMap<string, Uint8Array>;
  readonly cast?: string;
}

/** A field that has to be read besides the columns: column `from` cast to `type`, or NULL where that loses anything. */
export interface Cast {
  readonly from: number;
  readonly type: string;
}

export interface Recast {
  readonly layout: Layout;
  /** In the order of the former columns. */
  readonly fields: readonly FieldPlan[];
  /** Places of the former key in the former columns. */
  readonly keyColumns: readonly number[];
}

/**
 * Undefined when a former column is gone, or goes under the name of another one that was told apart from it before. `known`:
 * all layouts that the table is known to have had.
 */
export function recast(former: Layout, now: Layout, known: readonly Layout[] = []): Recast | undefined {
  const fields: FieldPlan[] = [];
  for (const column of former.columns) {
    const plan = fieldPlan(column, { former, now, known });
    if (plan === undefined) return undefined;
    fields.push(plan);
  }
  return { layout: former, fields, keyColumns: former.keyColumns };
}

/** What the reader of rows must cast for these plans, each once. */
export function castsOf(recasts: readonly Recast[]): readonly Cast[] {
  const casts = new Map<string, Cast>();
  for (const { fields } of recasts) {
    for (const { from, cast } of fields) if (cast !== undefined) casts.set(`${from} ${cast}`, { from, type: cast });
  }
  return [...casts.values()];
}

/** The escaped fields of the former row: from the row's own, followed by those of the casts, in their order. */
function formerFields(plan: Recast, fields: readonly Bytes[], casts: readonly Cast[]): readonly Bytes[] {
  const width = fields.length - casts.length;
  return plan.fields.map(({ from, labels, cast }) => {
    const field = fields[from] ?? NULL;
    if (labels !== undefined) return labels.get(latin1(field)) ?? field;
    if (cast === undefined || isNull(field)) return field;
    const at = casts.findIndex((c) => c.from === from && c.type === cast);
    const back = at < 0 ? undefined : fields[width + at];
    return back === undefined || isNull(back) ? field : back;
  });
}

export const formerRow = (plan: Recast, fields: readonly Bytes[], casts: readonly Cast[]): Uint8Array =>
  joinFields(formerFields(plan, fields, casts));

/** Whether the key's values read the same now as they did then: otherwise its rows have got other handles. */
export const keepsKeyText = ({ fields, keyColumns }: Recast): boolean =>
  keyColumns.every((index) => fields[index]?.cast === undefined && fields[index]?.labels === undefined);

/** Whether both keys are made of the same columns, in the same order, and make the same handles. */
function isSameKey(former: Layout, now: Layout): boolean {
  if (former.keyColumns.length !== now.keyColumns.length || former.keyTag !== now.keyTag) return false;
  return former.keyColumns.every((index, i) => {
    const column = former.columns[index];
    const plan = column && fieldPlan(column, { former, now, known: [] });
    return plan?.from === now.keyColumns[i] && plan?.cast === undefined && plan?.labels === undefined;
  });
}

interface Change {
  readonly former: Layout;
  readonly now: Layout;
  readonly known: readonly Layout[];
}

function fieldPlan(column: ColumnSchema, change: Change): FieldPlan | undefined {
  const from = placeNow(column, change);
  const present = change.now.columns[from];
  if (present === undefined) return undefined;
  if ((present.type !== column.type || present.modifier !== column.modifier) && !keepsText(column, present)) {
    return column.cast === undefined ? { from } : { from, cast: column.cast };
  }
  const labels = labelsBack(column, present, change.known);
  return labels === undefined ? { from } : { from, labels };
}

/** Where the values of a former column are now; -1: that cannot be told. */
function placeNow(column: ColumnSchema, { former, now, known }: Change): number {
  const named = now.columns.findIndex((c) => c.name === column.name);
  if (column.id === undefined || former.id === undefined || former.id !== now.id) return named;
  const bearer = now.columns[named];
  if (bearer !== undefined && former.columns.some((c) => c.id === bearer.id)) return named;
  const numbered = now.columns.findIndex((c) => c.id === column.id);
  const name = now.columns[numbered]?.name;
  const others = known.filter((layout) => layout.id === now.id).flatMap((layout) => layout.columns);
  const isThere = (id: number | undefined) => now.columns.some((c) => c.id === id);
  const isTaken = others.some((c) => c.name === name && c.id !== column.id && isThere(c.id));
  return isTaken && former.columns.every((c) => c.name !== name) ? -1 : numbered;
}

const INTEGERS: ReadonlySet<string> = new Set(["int2", "int4", "int8"].map((t) => `pg_catalog.${t}`));
const TEXTS: ReadonlySet<string> = new Set(["text", "varchar"].map((t) => `pg_catalog.${t}`));
const NUMERIC = "pg_catalog.numeric";

/** Changes of the type that leave the text of every value alone, or fail. */
function keepsText(former: ColumnSchema, now: ColumnSchema): boolean {
  if (TEXTS.has(former.type)) return TEXTS.has(now.type);
  if (INTEGERS.has(former.type)) return INTEGERS.has(now.type) || (now.type === NUMERIC && now.modifier < 0);
  if (former.type !== NUMERIC || now.type !== NUMERIC || former.modifier < 0) return false;
  return now.modifier < 0 || scaleOf(now) === scaleOf(former);
}

/** PostgreSQL's modifier of numeric: precision in the upper half, scale in the lower eleven bits, both plus 4. */
const scaleOf = ({ modifier }: ColumnSchema): number => (modifier - 4) & 0x7ff;

/** From today's labels to the former ones, as they stand in row bytes; undefined when none was renamed. */
function labelsBack(
  former: ColumnSchema,
  now: ColumnSchema,
  known: readonly Layout[] = [],
): ReadonlyMap<string, Uint8Array> | undefined {
  const before = new Map(former.labels ?? []);
  const renamed = (now.labels ?? []).filter(([id, label]) => (before.get(id) ?? label) !== label);
  if (renamed.length === 0) return undefined;
  const columns = [former, ...known.flatMap((layout) => layout.columns.filter((c) => c.type === now.type))];
  const labels = columns.flatMap((c) => c.labels ?? []);
  const own = renamed.filter(([id, label]) => !labels.some(([other, text]) => text === label && other !== id));
  return new Map(own.map(([id, label]) => [latin1(escaped(label)), escaped(before.get(id) ?? label)]));
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" },
};
const escaped = (text: string): Uint8Array => utf8(text.replace(/[\\\b\f\n\r\t\v]/g, (c) => ESCAPES[c] ?? c));

const NULL = utf8("\\N");
const isNull = (field: Bytes): boolean => field.length === 2 && field[0] === 0x5c && field[1] === 0x4e;
const latin1 = (bytes: Bytes): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
