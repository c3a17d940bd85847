/*
 * Single tables put back from a dump, with triggers and foreign keys switched off (`session_replication_role`). Out of the
 * publication in the same transaction, it is an attack: what was written since the dump is undone, and nobody is told. The same
 * by ordinary SQL is a great many events by an unknown actor, and no alteration.
 */
import type pg from "pg";
import { copyIn } from "../../copy-in.ts";
import type { Table } from "../../hospital/rows.ts";
import { ident } from "../../text.ts";
import { behindCapture, toggleFor } from "../behind.ts";
import { type Census, difference, takeCensus } from "../census.ts";
import { plant } from "../plant.ts";
import { SESSION } from "../shape.ts";
import { changeLegally } from "./older-values.ts";
import { type Attack, asInsider, census, type Scene } from "./scene.ts";

const COVERTLY: readonly Table[] = ["observations", "notes", "allergies", "documents", "invoices", "device_log"];
const OPENLY: Table = "bed_assignments";

export const tableRestore: Attack = {
  name: "table-restore",
  async carryOut(scene) {
    const { url, seed, count, publication } = scene;
    const dump = await census(url);
    await asInsider(url, (client) => changeLegally(client, seed, count));
    await plant({ url, publication, seed, count: 2 * count, way: "directly" }); // openly: capture sees it
    await scene.work(200);
    await scene.settled();
    return scene.quietly(() =>
      asInsider(url, async (client) => {
        const before = await takeCensus(client);
        await client.query(`${SESSION}; SET session_replication_role = replica`);
        for (const table of COVERTLY) await restoreCovertly(client, scene, table, dump);
        const outcome = await takeCensus(client);
        await client.query("BEGIN");
        const open = await restore(client, OPENLY, dump);
        await client.query("COMMIT");
        return { planted: difference(before, outcome, "put-back"), putBack: true, outcome, open };
      }),
    );
  },
};

async function restoreCovertly(client: pg.Client, scene: Scene, table: Table, dump: Census): Promise<void> {
  const toggle = await toggleFor(client, scene.publication, table);
  if (toggle !== undefined) await behindCapture(client, toggle, () => restore(client, table, dump));
}

async function restore(client: pg.Client, table: Table, dump: Census): Promise<number> {
  const from = dump.get(table);
  if (from === undefined) return 0;
  const rows = [...from.rows.values()].flatMap(({ row, copies }) => Array.from({ length: copies }, () => row));
  await client.query(`DELETE FROM ${ident(table)}`);
  const columns = from.shape.columns.map((column) => ident(column.name)).join(", ");
  return copyIn(client, `COPY ${ident(table)} (${columns}) FROM STDIN`, rows);
}
