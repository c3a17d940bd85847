import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TABLES } from "../src/hospital/rows.ts";
import {
  fillHospital,
  type Planted,
  type Postgres,
  plant,
  startPostgres,
  startWard,
  type WardWrite,
} from "../src/index.ts";
import { RECIPES } from "../src/plant/recipes.ts";
import { rawRows, readShape, rowKey, SESSION } from "../src/plant/shape.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
let server: Postgres;
let client: pg.Client;

async function connect(): Promise<void> {
  client = new pg.Client({ connectionString: server.url });
  client.on("error", () => undefined);
  await client.connect();
  await client.query(SESSION);
}

beforeAll(async () => {
  server = await startPostgres({ dir: join(folder.dir, "pg") });
  await connect();
});
afterAll(async () => {
  await client.end();
  await server.stop();
  folder.remove();
});

/**
 * How often each pgoutput message came since the last look, with the number of transactions that named an actor. PostgreSQL
 * 14 also tells of transactions in which nothing was published: they are left out.
 */
async function stream(): Promise<Record<string, number>> {
  const sql =
    "SELECT kind, count(*)::int AS n FROM (" +
    "SELECT chr(get_byte(data, 0)) AS kind, chr(get_byte(lag(data) OVER w, 0)) AS prior, chr(get_byte(lead(data) OVER w, 0)) AS next " +
    "FROM pg_logical_slot_get_binary_changes('look', NULL, NULL, 'proto_version', '1', 'publication_names', 'pub', 'messages', 'true') " +
    "WITH ORDINALITY AS c (lsn, xid, data, place) WINDOW w AS (ORDER BY place)) m " +
    "WHERE NOT (kind = 'B' AND next = 'C') AND NOT (kind = 'C' AND prior = 'B') GROUP BY 1";
  const { rows } = await client.query(sql);
  return Object.fromEntries(rows.map((row) => [row.kind, row.n]));
}

async function allKeys(table: string): Promise<string[]> {
  const shape = await readShape(client, table);
  const columns = shape.columns.map((column) => `"${column.name}"`).join(", ");
  return (await rawRows(client, `SELECT ${columns} FROM ${table}`)).map((row) => rowKey(shape, row));
}

describe("the hospital", () => {
  test("is filled in one go, and never twice", async () => {
    const steps: number[] = [];
    const filled = await fillHospital(server.url, { patients: 300, seed: 5, onProgress: (n) => steps.push(n) });
    expect(filled.total).toBeGreaterThan(12_000);
    expect(steps).toEqual([250, 300]);
    for (const table of TABLES) {
      const { rows } = await client.query(`SELECT count(*)::int AS n FROM ${table}`);
      expect(rows[0].n, table).toBe(filled.rows[table]);
    }
    expect(await fillHospital(client, { patients: 300, seed: 6 })).toMatchObject({ existing: true, total: 0 });
  });

  test("has FULL identity on every table and partition, and long texts out of line", async () => {
    const sql =
      "SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','p')";
    expect((await client.query(`${sql} AND relreplident <> 'f'`)).rows[0].n).toBe(0);
    expect((await client.query(sql)).rows[0].n).toBe(TABLES.length + 5);
    const toast = await client.query(
      "SELECT pg_relation_size(reltoastrelid)::int AS bytes FROM pg_class WHERE oid = 'notes'::regclass",
    );
    expect(toast.rows[0].bytes).toBeGreaterThan(500_000);
  });
});

describe("the ward and the insider", () => {
  let planted: Planted[];

  beforeAll(async () => {
    const generated = server.version >= 18 ? ", publish_generated_columns = stored" : "";
    await client.query(
      `CREATE PUBLICATION pub FOR TABLE ${TABLES.join(", ")} WITH (publish_via_partition_root = true${generated})`,
    );
    await client.query("SELECT pg_create_logical_replication_slot('look', 'pgoutput')");
  });

  test("planting leaves nothing in the stream but its own legal updates", async () => {
    planted = await plant({ url: server.url, publication: "pub", seed: 1, count: 220 });
    const legal = planted.filter((each) => each.what === "older-value").length;
    expect(legal).toBeGreaterThan(5);
    const { R, Y, ...seen } = await stream();
    expect(seen).toEqual({ B: legal, M: legal, U: legal, C: legal });
    expect(R ?? 0).toBeLessThan(200 + (Y ?? 0));
  });

  test("planting covers every kind and table, and no row twice", () => {
    expect(planted.length).toBeGreaterThanOrEqual(220);
    expect(new Set(planted.map((each) => each.what))).toEqual(new Set(RECIPES.map((recipe) => recipe.what)));
    expect(new Set(planted.map((each) => each.table)).size).toBe(TABLES.length);
    expect(new Set(planted.map((each) => `${each.table} ${each.key}`)).size).toBe(planted.length);
  });

  test("what is said to be planted is so: missing rows are gone, the others there under their key", async () => {
    for (const table of TABLES) {
      const keys = new Set(await allKeys(table));
      for (const each of planted.filter((one) => one.table === `public.${table}`))
        expect(keys.has(each.key), `${each.kind} ${each.table} ${each.key}`).toBe(each.kind !== "missing");
    }
  });

  test("the publication is as it was", async () => {
    const { rows } = await client.query("SELECT count(*)::int AS n FROM pg_publication_tables WHERE pubname = 'pub'");
    expect(rows[0].n).toBe(TABLES.length);
  });

  test("legal writes at the same time are all in the stream, planted ones are not", async () => {
    const writes: WardWrite[] = [];
    const ward = startWard({ url: server.url, seed: 2, writesPerSecond: 20, onWrite: (write) => writes.push(write) });
    const burst = ward.run(2_500);
    const more = await plant({ url: server.url, publication: "pub", seed: 1, count: 120, planted });
    expect(await burst).toBeGreaterThanOrEqual(2_500);
    await ward.stop();
    const legal = more.filter((each) => each.what === "older-value").length;
    const unnamed = writes.filter((write) => write.actor === undefined).length;
    const seen = await stream();
    expect(seen["C"]).toBe(ward.figures.transactions + legal);
    expect(seen["M"]).toBe(ward.figures.transactions - unnamed + legal);
    // A row that leaves its partition is one write and comes as two messages.
    const moves = writes.filter((write) => write.what === "move to the right year").length;
    const messages = (seen["I"] ?? 0) + (seen["U"] ?? 0) + (seen["D"] ?? 0) - ward.figures.rows - legal;
    expect(messages).toBeGreaterThanOrEqual(0);
    expect(messages).toBeLessThanOrEqual(moves);
    expect(moves).toBeLessThan(more.length);
    expect(unnamed).toBeGreaterThan(0);
    expect(ward.figures.rows).toBe(writes.reduce((sum, write) => sum + write.rows, 0));
    const both = new Set([...planted, ...more].map((each) => `${each.table} ${each.key}`));
    expect(both.size).toBe(planted.length + more.length);
  });

  test("the ward never writes into closed files", async () => {
    const sql =
      "SELECT count(*)::int AS n FROM patients p WHERE archived AND EXISTS " +
      "(SELECT FROM observations o WHERE o.patient_id = p.id AND o.effective_at > '2026-08-01' AND o.id < 900000000)";
    expect((await client.query(sql)).rows[0].n).toBe(0);
  });

  test("the ward lives through a crash of the server, and stops within a second even while it is away", async () => {
    const ward = startWard({ url: server.url, seed: 3, writesPerSecond: 200 });
    const burst = ward.run(1_200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { port } = server;
    await server.kill9();
    server = await startPostgres({ dir: join(folder.dir, "pg"), port });
    expect(await burst).toBeGreaterThanOrEqual(1_200);
    expect(ward.figures.reconnects).toBeGreaterThan(0);
    await connect();
    await server.kill9();
    const since = Date.now();
    await ward.stop();
    expect(Date.now() - since).toBeLessThan(1_000);
    await expect(ward.done).resolves.toBeUndefined();
    server = await startPostgres({ dir: join(folder.dir, "pg"), port });
    await connect();
  });

  test("an unknown publication and one for all tables are refused with a code", async () => {
    const failed = { code: "sandbox/plant-failed" };
    await expect(plant({ url: server.url, publication: "none", count: 1 })).rejects.toMatchObject(failed);
    await client.query("CREATE PUBLICATION everything FOR ALL TABLES");
    await expect(plant({ url: server.url, publication: "everything", count: 1 })).rejects.toMatchObject(failed);
    await client.query("DROP PUBLICATION everything");
  });
});
