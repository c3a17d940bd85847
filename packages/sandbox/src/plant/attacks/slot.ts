/*
 * The slot is the database's memory of what capture has read. Whoever moves it forward, or drops it and makes a new one,
 * makes the database forget what was written in between. Nothing of it reaches capture; only the rows are different.
 */
import type pg from "pg";
import { difference, takeCensus } from "../census.ts";
import { plant } from "../plant.ts";
import { changeLegally, putBack } from "./older-values.ts";
import { type Attack, asInsider, type Deed, type Scene } from "./scene.ts";

export async function advance(client: pg.Client, { slot }: Scene): Promise<void> {
  await client.query("SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())", [slot]);
}

async function recreate(client: pg.Client, { slot }: Scene): Promise<void> {
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
}

async function drop(client: pg.Client, { slot }: Scene): Promise<void> {
  await client.query("SELECT pg_drop_replication_slot($1)", [slot]);
}

/** Ordinary SQL between `first` and `last` on about `count` rows, of which capture will never hear. */
export async function unseen(
  scene: Scene,
  count: number,
  first: (client: pg.Client) => Promise<void>,
  last: (client: pg.Client) => Promise<void>,
): Promise<Deed> {
  const { url, seed, publication } = scene;
  const older = await asInsider(url, (client) => changeLegally(client, seed, Math.ceil(count / 5)));
  await scene.settled();
  return scene.withoutCapture(() =>
    asInsider(url, async (client) => {
      const before = await takeCensus(client);
      await first(client);
      await plant({ url, publication, seed, count, way: "directly" });
      await putBack(client, older);
      await last(client);
      const outcome = await takeCensus(client);
      return { planted: difference(before, outcome, "unseen"), outcome };
    }),
  );
}

export const slotAdvanced: Attack = {
  name: "slot-advanced",
  carryOut: (scene) =>
    unseen(
      scene,
      scene.count,
      async () => undefined,
      (client) => advance(client, scene),
    ),
};

/** Once with capture stopped; then under its eyes: the writes are under way when the slot goes, and commit before capture has a new one. */
export const slotRecreated: Attack = {
  name: "slot-recreated",
  async carryOut(scene) {
    const first = await unseen(
      scene,
      scene.count,
      (client) => drop(client, scene),
      (client) => recreate(client, scene),
    );
    await scene.settled();
    const second = await scene.quietly(() => asInsider(scene.url, (client) => underItsEyes(client, scene)));
    // A row that was altered both times is one finding.
    const more = second.planted.filter((p) => !first.planted.some((q) => q.table === p.table && q.key === p.key));
    return { planted: [...first.planted, ...more], outcome: second.outcome };
  },
};

async function underItsEyes(client: pg.Client, scene: Scene): Promise<Deed> {
  const before = await takeCensus(client);
  await client.query("BEGIN");
  await client.query(
    "UPDATE invoices SET amount = amount + 7 WHERE id IN (SELECT i.id FROM invoices i JOIN patients p ON p.id = i.patient_id" +
      " WHERE p.archived ORDER BY i.id DESC LIMIT $1)",
    [Math.ceil(scene.count / 4)],
  );
  await asInsider(scene.url, async (other) => {
    for (let attempt = 0; attempt < 200; attempt++) {
      await other.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1", [
        scene.slot,
      ]);
      const gone = await drop(other, scene).then(
        () => true,
        () => false, // capture was quicker to come back, or the old process is not gone yet
      );
      if (gone) return;
    }
  });
  await client.query("COMMIT");
  const outcome = await takeCensus(client);
  return { planted: difference(before, outcome, "unseen"), outcome };
}
