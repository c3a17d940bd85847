import { invariant } from "@anamnesis/core";
import type pg from "pg";
import { uuid } from "../hospital/values.ts";
import type { Rng } from "../random.ts";
import { ident, type Value } from "../text.ts";
import { actorStatement } from "../ward/actors.ts";
import type { Recipe, What } from "./recipes.ts";
import { PLANTED_ID, type Stock } from "./rows.ts";
import { columnList, type Row, rawRows, rowKey, type Shape, thisRow, typeOf, valueOf } from "./shape.ts";

/** One finding that verification must report, each by itself. */
export interface Planted {
  /** With its schema; a partitioned table by its root. */
  readonly table: string;
  /** Primary-key values joined by `|`; in a table without a key, the row as a COPY line. See `keyText`. */
  readonly key: string;
  readonly kind: "altered" | "missing" | "unexplained";
  readonly what: What;
}

/** What a tampering works with. `behind` runs a write unseen by capture; other statements are captured as usual. */
export interface Tools {
  readonly client: pg.ClientBase;
  readonly rng: Rng;
  readonly stock: Stock;
  readonly behind: <T>(write: () => Promise<T>) => Promise<T>;
  /** A number never used before in this hospital. */
  readonly fresh: () => number;
}

/** Carries out one recipe; empty when the table has no suitable row left. */
export async function tamper(recipe: Recipe, tools: Tools): Promise<readonly Planted[]> {
  switch (recipe.what) {
    case "deleted":
      return remove(tools);
    case "inserted":
      return insert(recipe.fresh, tools);
    case "swapped":
      return exchange(tools);
    case "older-value":
      return goBack(recipe, tools);
    case "cell":
    case "microsecond":
    case "trailing-zero":
      return change(recipe, tools);
  }
}

function finding(shape: Shape, row: Row, kind: Planted["kind"], what: What): Planted {
  return { table: `public.${shape.name}`, key: rowKey(shape, row), kind, what };
}

type Change = Extract<Recipe, { to: string }>;

/** In a table without a key a changed row is two things: one row gone, one that nobody wrote. */
async function change(recipe: Change, tools: Tools): Promise<readonly Planted[]> {
  const { shape } = tools.stock;
  const row = tools.stock.take((each) => recipe.what === "cell" || valueOf(shape, each, recipe.column) !== null);
  if (row === undefined) return [];
  const after = await tools.behind(() => update(tools, row, `${ident(recipe.column)} = ${recipe.to}`));
  if (shape.key.length > 0) return [finding(shape, row, "altered", recipe.what)];
  return [finding(shape, row, "missing", recipe.what), finding(shape, after, "unexplained", recipe.what)];
}

/** A legal, captured change first; then the value from before it, unseen. */
async function goBack(recipe: Change, tools: Tools): Promise<readonly Planted[]> {
  const { client, stock } = tools;
  const row = stock.take((each) => valueOf(stock.shape, each, recipe.column) !== null);
  if (row === undefined) return [];
  await client.query(`BEGIN; ${actorStatement({ name: "records.wachira", purpose: "HOPERAT" })}`);
  await update(tools, row, `${ident(recipe.column)} = ${recipe.to}`);
  await client.query("COMMIT");
  const old = valueOf(stock.shape, row, recipe.column);
  await tools.behind(() =>
    update(tools, row, `${ident(recipe.column)} = %::${typeOf(stock.shape, recipe.column)}`, old),
  );
  return [finding(stock.shape, row, "altered", recipe.what)];
}

async function remove(tools: Tools): Promise<readonly Planted[]> {
  const { client, stock } = tools;
  const row = stock.take();
  if (row === undefined) return [];
  const { where, values } = thisRow(stock.shape, row);
  await tools.behind(() => one(client, `DELETE FROM ${ident(stock.shape.name)} WHERE ${where} RETURNING 1`, values));
  return [finding(stock.shape, row, "missing", "deleted")];
}

/** A believable row: a copy of another one under a new key. */
async function insert(freshColumns: readonly string[], tools: Tools): Promise<readonly Planted[]> {
  const { client, stock } = tools;
  const model = stock.take();
  if (model === undefined) return [];
  const row = stock.shape.columns.map((column, i) =>
    freshColumns.includes(column.name) ? freshValue(column.type, tools) : (model[i] ?? null),
  );
  const places = stock.shape.columns.map((column, i) => `$${i + 1}::${column.type}`).join(", ");
  const sql = `INSERT INTO ${ident(stock.shape.name)} (${columnList(stock.shape)}) VALUES (${places}) RETURNING 1`;
  await tools.behind(() => one(client, sql, row));
  return [finding(stock.shape, row, "unexplained", "inserted")];
}

function freshValue(type: string, { rng, fresh }: Tools): string {
  switch (type) {
    case "uuid":
      return uuid(rng);
    case "smallint":
      return String(1_000 + (fresh() % 30_000));
    case "text":
      return `covert ${fresh()}`;
    default:
      return String(PLANTED_ID + fresh());
  }
}

/** Two rows keep their keys and exchange everything else. */
async function exchange(tools: Tools): Promise<readonly Planted[]> {
  const { client, stock } = tools;
  const { shape } = stock;
  const content = (row: Row): string =>
    JSON.stringify(shape.columns.map((column, i) => (shape.key.includes(column.name) ? "" : row[i])));
  const first = stock.take();
  if (first === undefined) return [];
  const second = stock.take((row) => content(row) !== content(first));
  if (second === undefined) return [];
  const others = shape.columns.filter((column) => !shape.key.includes(column.name));
  const put = async (into: Row, from: Row): Promise<void> => {
    const { where, values } = thisRow(shape, into);
    const set = others.map((column, i) => `${ident(column.name)} = $${values.length + i + 1}::${column.type}`);
    const contents = others.map((column) => valueOf(shape, from, column.name));
    await one(client, `UPDATE ${ident(shape.name)} SET ${set.join(", ")} WHERE ${where} RETURNING 1`, [
      ...values,
      ...contents,
    ]);
  };
  await tools.behind(async () => {
    await put(first, second);
    await put(second, first);
  });
  return [first, second].map((row) => finding(shape, row, "altered", "swapped"));
}

/** Returns the row after the update. `%` in `set` stands for `value`. */
function update({ client, stock }: Tools, row: Row, set: string, value?: Value): Promise<Row> {
  const { where, values } = thisRow(stock.shape, row);
  const all = value === undefined ? values : [...values, value];
  const assignment = value === undefined ? set : set.replace("%", `$${all.length}`);
  const sql = `UPDATE ${ident(stock.shape.name)} SET ${assignment} WHERE ${where} RETURNING ${columnList(stock.shape)}`;
  return one(client, sql, all);
}

async function one(client: pg.ClientBase, sql: string, values: readonly Value[]): Promise<Row> {
  const rows = await rawRows(client, sql, values);
  const [row] = rows;
  invariant(row !== undefined && rows.length === 1, `a planted write meets exactly one row, not ${rows.length}`);
  return row;
}
