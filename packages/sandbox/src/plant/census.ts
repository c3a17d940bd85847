/**
 * Every row of the hospital, as raw text, at one moment. What differs between two of them, between which capture saw
 * nothing, is exactly what verification must name: found by reading, not by believing the insider's list.
 */
import type pg from "pg";
import { TABLES } from "../hospital/rows.ts";
import type { What } from "./recipes.ts";
import { columnList, type Row, rawRows, readShape, rowKey, SESSION, type Shape } from "./shape.ts";
import type { Planted } from "./tamper.ts";

interface Counted {
  readonly row: Row;
  readonly line: string;
  /** Transaction that wrote this version of the row. */
  readonly xmin: string;
  readonly copies: number;
}

export interface TableCensus {
  readonly shape: Shape;
  /** By key text; without a key by the row itself, with the number of equal rows. */
  readonly rows: ReadonlyMap<string, Counted>;
}

export type Census = ReadonlyMap<string, TableCensus>;

/** One snapshot over all tables. Made for small hospitals: everything is held in memory. */
export async function takeCensus(client: pg.ClientBase): Promise<Census> {
  await client.query(`${SESSION}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
  try {
    const census = new Map<string, TableCensus>();
    for (const table of TABLES) census.set(table, await countTable(client, table));
    return census;
  } finally {
    await client.query("COMMIT");
  }
}

async function countTable(client: pg.ClientBase, table: string): Promise<TableCensus> {
  const shape = await readShape(client, table);
  const rows = new Map<string, Counted>();
  for (const [xmin, ...row] of await rawRows(client, `SELECT xmin, ${columnList(shape)} FROM public.${table}`)) {
    const key = rowKey(shape, row);
    const copies = (rows.get(key)?.copies ?? 0) + 1;
    rows.set(key, { row, line: JSON.stringify(row), xmin: xmin ?? "", copies });
  }
  return { shape, rows };
}

/** What verification must say when `before` is what capture saw last and `after` is what is there. */
export function difference(before: Census, after: Census, what: What): Planted[] {
  return [...before].flatMap(([table, { shape, rows }]) => {
    const now = after.get(table)?.rows ?? new Map<string, Counted>();
    return [...new Set([...rows.keys(), ...now.keys()])].flatMap((key) =>
      kindsOf(shape, rows.get(key), now.get(key)).map((kind) => ({ table: `public.${table}`, key, kind, what })),
    );
  });
}

function kindsOf(shape: Shape, before: Counted | undefined, after: Counted | undefined): Planted["kind"][] {
  const surplus = (after?.copies ?? 0) - (before?.copies ?? 0);
  if (shape.key.length === 0 || surplus !== 0)
    return Array.from({ length: Math.abs(surplus) }, () => (surplus > 0 ? "unexplained" : "missing"));
  return before?.line === after?.line ? [] : ["altered"];
}

/**
 * Those that must still be named `now`. A row that somebody wrote again legally is what its newest event says, and no
 * finding any more. Copies of rows without a key are counted, so later events change nothing about a surplus or a lack.
 */
export function stillPlanted(planted: readonly Planted[], then: Census, now: Census): Planted[] {
  return planted.filter(({ table, key }) => {
    const [was, is] = [then, now].map((census) => census.get(table.replace("public.", "")));
    if (was === undefined || was.shape.key.length === 0) return true;
    return was.rows.get(key)?.xmin === is?.rows.get(key)?.xmin;
  });
}

/** How verification names them after each of these tables got another column, empty in every row. */
export function withAnotherColumn(planted: readonly Planted[], census: Census): Planted[] {
  const keyless = (table: string) => census.get(table.replace("public.", ""))?.shape.key.length === 0;
  return planted.map((p) => (p.kind === "unexplained" && keyless(p.table) ? { ...p, key: `${p.key}\t\\N` } : p));
}
