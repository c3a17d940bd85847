/*
 * Capture stopped, rows changed, and half of them changed back before anybody looks; then the slot is moved past it all. What
 * is as it was is nobody's finding; the other half is.
 */
import type pg from "pg";
import { Rng } from "../../random.ts";
import { ident } from "../../text.ts";
import { type Census, difference, takeCensus } from "../census.ts";
import { columnList, type Row, rawRows, type Shape, thisRow } from "../shape.ts";
import type { Planted } from "../tamper.ts";
import type { Attack, Deed } from "./scene.ts";
import { advance, unseen } from "./slot.ts";

export const changedBack: Attack = {
  name: "changed-back",
  async carryOut(scene) {
    let undone = 0;
    let before: Census = new Map();
    const deed: Deed = await unseen(
      scene,
      2 * scene.count,
      async (client) => {
        before = await takeCensus(client);
      },
      async (client) => {
        const after = await takeCensus(client);
        const rng = new Rng(`back/${scene.seed}`);
        const half = rng.shuffle(difference(before, after, "unseen")).filter((_, i) => i % 2 === 0);
        for (const each of half) await undo(client, each, before, after);
        undone = half.length;
        await advance(client, scene);
      },
    );
    return { ...deed, undone };
  },
};

async function undo(client: pg.Client, { table, key, kind }: Planted, before: Census, after: Census): Promise<void> {
  const [was, is] = [before, after].map((census) => census.get(table.replace("public.", "")));
  const [old, now] = [was?.rows.get(key)?.row, is?.rows.get(key)?.row];
  if (was === undefined) return;
  if (kind === "unexplained" && now !== undefined) await remove(client, was.shape, now);
  if (kind === "missing" && old !== undefined) await add(client, was.shape, old);
  if (kind === "altered" && old !== undefined && now !== undefined) await change(client, was.shape, now, old);
}

async function remove(client: pg.Client, shape: Shape, row: Row): Promise<void> {
  const { where, values } = thisRow(shape, row);
  await rawRows(client, `DELETE FROM ${ident(shape.name)} WHERE ${where}`, values);
}

async function add(client: pg.Client, shape: Shape, row: Row): Promise<void> {
  const places = shape.columns.map((column, i) => `$${i + 1}::${column.type}`).join(", ");
  await rawRows(client, `INSERT INTO ${ident(shape.name)} (${columnList(shape)}) VALUES (${places})`, row);
}

async function change(client: pg.Client, shape: Shape, from: Row, to: Row): Promise<void> {
  const { where, values } = thisRow(shape, from);
  const set = shape.columns.map((column, i) => `${ident(column.name)} = $${values.length + i + 1}::${column.type}`);
  await rawRows(client, `UPDATE ${ident(shape.name)} SET ${set.join(", ")} WHERE ${where}`, [...values, ...to]);
}
