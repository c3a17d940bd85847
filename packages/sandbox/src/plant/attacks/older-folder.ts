/*
 * The data folder of some time ago put in the place of today's. Everything written since is undone: changed rows are as they
 * were, new ones are gone, deleted ones are back. The server notices nothing.
 *
 * The copy is one of a disk, as of a power cut: its slot stands where the server last saved it, so that it delivers again what
 * was final long ago.
 *
 * `replayed`: before capture comes back, the attacker writes on, so that the server's log is as long as it was and looks as if it
 * only went on.
 */
import { rmSync } from "node:fs";
import type pg from "pg";
import { difference, takeCensus } from "../census.ts";
import { plant } from "../plant.ts";
import { rawRows } from "../shape.ts";
import { copyFolder } from "./copy-folder.ts";
import { changeLegally } from "./older-values.ts";
import { type Attack, asInsider, census, type Deed, type Scene } from "./scene.ts";

export const olderFolder: Attack = { name: "older-folder", carryOut: (scene) => putBackFolder(scene, false) };

export const olderFolderReplayed: Attack = {
  name: "older-folder-replayed",
  carryOut: (scene) => putBackFolder(scene, true),
};

async function putBackFolder(scene: Scene, replayed: boolean): Promise<Deed> {
  const { url, seed, count, publication } = scene;
  await scene.settled();
  let copy = "";
  await scene.withoutServer((dataDir) => {
    copy = `${dataDir}.copy`;
    copyFolder(dataDir, copy);
  }, "cut");
  await asInsider(url, (client) => changeLegally(client, seed, count));
  await plant({ url, publication, seed, count, way: "directly" }); // openly: capture sees it
  await scene.work(200);
  await scene.settled();
  return scene.withoutCapture(async () => {
    const before = await census(url);
    const end = await asInsider(url, walEnd);
    await scene.withoutServer((dataDir) => {
      rmSync(dataDir, { recursive: true });
      copyFolder(copy, dataDir);
      rmSync(copy, { recursive: true });
    });
    const outcome = await asInsider(url, takeCensus);
    if (replayed) await asInsider(url, (client) => writeUpTo(client, end));
    return { planted: difference(before, outcome, "put-back"), putBack: true, outcome };
  });
}

async function walEnd(client: pg.Client): Promise<string> {
  const [end] = await rawRows(client, "SELECT pg_current_wal_insert_lsn()");
  return end?.[0] ?? "0/0";
}

const TRANSACTIONS_MAX = 20_000;
const ROWS = 40;

/** Monitors report, transaction after transaction, until the log reaches as far as it did. */
async function writeUpTo(client: pg.Client, end: string): Promise<void> {
  for (let n = 0; n < TRANSACTIONS_MAX; n++) {
    const [there] = await rawRows(client, "SELECT pg_current_wal_insert_lsn() > $1::pg_lsn", [end]);
    if (there?.[0] === "t") return;
    await client.query(
      `INSERT INTO device_log (device, logged_at, patient_id, signal, reading, raw)
       SELECT 'mon-1', now() + n * interval '1 second', 1, 'HR', 60 + n, repeat('0123456789', 40)
         FROM generate_series(1, ${ROWS}) n`,
    );
  }
}
