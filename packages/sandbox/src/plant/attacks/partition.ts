/*
 * Three ways to write through the doors between a partitioned table and its partitions, which tell nobody of rows: a table
 * with rows becomes a partition; a partition is taken out, changed while it is a table of its own that nobody publishes, and put
 * back; a partition is taken out and stays out.
 */
import type pg from "pg";
import { difference, takeCensus } from "../census.ts";
import { closedFiles, PLANTED_ID } from "../rows.ts";
import { rawRows } from "../shape.ts";
import { type Attack, asInsider } from "./scene.ts";

export const partition: Attack = {
  name: "partition",
  async carryOut(scene) {
    await scene.settled();
    return scene.quietly(() =>
      asInsider(scene.url, async (client) => {
        const before = await takeCensus(client);
        const each = Math.ceil(scene.count / 2);
        await attach(client, each);
        if (await hidesDetached(client)) await changeOutside(client, each);
        await detach(client);
        const outcome = await takeCensus(client);
        return { planted: difference(before, outcome, "partition"), outcome };
      }),
    );
  },
};

/** Believable copies of rows from a year for which there is no partition yet. */
async function attach(client: pg.Client, count: number): Promise<void> {
  await client.query(`
    BEGIN;
    CREATE SCHEMA staging;
    CREATE TABLE staging.observations_2019 (LIKE public.observations INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    INSERT INTO staging.observations_2019
      SELECT ${PLANTED_ID} + row_number() OVER (), '2019-05-01Z'::timestamptz + id * interval '1 minute', patient_id, NULL,
             code, value, unit, reference, components, flags
        FROM observations WHERE ${closedFiles("observations")} ORDER BY id LIMIT ${count};
    ALTER TABLE observations ATTACH PARTITION staging.observations_2019
      FOR VALUES FROM ('2019-01-01Z') TO ('2020-01-01Z');
    COMMIT`);
}

/** 14 goes on sending what is written to a partition that it knew as published: there it is no way past capture. */
async function hidesDetached(client: pg.Client): Promise<boolean> {
  const [version] = await rawRows(client, "SHOW server_version_num");
  return Number(version?.[0]) >= 150_000;
}

/** Values changed, rows removed and rows added in a partition that is none at that moment. */
async function changeOutside(client: pg.Client, count: number): Promise<void> {
  const table = "public.observations_2025";
  const ids = await rawRows(
    client,
    `SELECT id FROM ${table} WHERE ${closedFiles("observations")} ORDER BY id LIMIT ${count}`,
  );
  const some = (part: number): string => `'{${ids.flatMap(([id], i) => (i % 3 === part ? [id] : [])).join(",")}}'`;
  await client.query(`
    BEGIN;
    ALTER TABLE observations DETACH PARTITION ${table};
    UPDATE ${table} SET value = coalesce(value, 0) + 1 WHERE id = ANY (${some(0)});
    DELETE FROM ${table} WHERE id = ANY (${some(1)});
    INSERT INTO ${table} (id, effective_at, patient_id, code)
      SELECT id + ${PLANTED_ID}, effective_at, patient_id, code FROM ${table} WHERE id = ANY (${some(2)});
    ALTER TABLE observations ATTACH PARTITION ${table} FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    COMMIT`);
}

async function detach(client: pg.Client): Promise<void> {
  await client.query(`
    BEGIN;
    ALTER TABLE observations DETACH PARTITION public.observations_2023;
    ALTER TABLE public.observations_2023 SET SCHEMA staging;
    COMMIT`);
}
