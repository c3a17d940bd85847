/** Legal changes first, while capture looks; later the values from before them, when it does not. */
import type pg from "pg";
import { Rng } from "../../random.ts";
import { ident, type Value } from "../../text.ts";
import { actorStatement } from "../../ward/actors.ts";
import { RECIPES } from "../recipes.ts";
import { Stock } from "../rows.ts";
import { type Row, rawRows, readShape, SESSION, type Shape, thisRow, typeOf, valueOf } from "../shape.ts";

export interface OlderValue {
  readonly shape: Shape;
  readonly row: Row;
  readonly column: string;
  readonly value: Value;
}

/** Changes up to `count` values in closed files, saying who and why; gives the values from before. */
export async function changeLegally(client: pg.Client, seed: string, count: number): Promise<OlderValue[]> {
  await client.query(SESSION);
  const recipes = RECIPES.flatMap((recipe) => (recipe.what === "older-value" ? [recipe] : []));
  const changed: OlderValue[] = [];
  for (const { table, column, to } of recipes) {
    const shape = await readShape(client, table);
    const stock = await Stock.read(client, shape, new Rng(`older/${seed}/${table}`), new Set());
    for (let i = 0; i < Math.ceil(count / recipes.length); i++) {
      const row = stock.take((each) => valueOf(shape, each, column) !== null);
      if (row === undefined) break;
      const { where, values } = thisRow(shape, row);
      await client.query(`BEGIN; ${actorStatement({ name: "records.wachira", purpose: "HOPERAT" })}`);
      await rawRows(client, `UPDATE ${table} SET ${ident(column)} = ${to} WHERE ${where}`, values);
      await client.query("COMMIT");
      changed.push({ shape, row, column, value: valueOf(shape, row, column) });
    }
  }
  return changed;
}

export async function putBack(client: pg.Client, older: readonly OlderValue[]): Promise<void> {
  for (const { shape, row, column, value } of older) {
    const { where, values } = thisRow(shape, row);
    const set = `${ident(column)} = $${values.length + 1}::${typeOf(shape, column)}`;
    await rawRows(client, `UPDATE ${ident(shape.name)} SET ${set} WHERE ${where}`, [...values, value]);
  }
}
