/** The system's clock jumps, forth and back, under a running capture and between two runs. Its ledger goes by the same clock. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, open, type Place, place, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

const HOURS = 3_600_000;
const YEARS = 365 * 24 * HOURS;

let at: Place;
let url: string;
let dir: string;
let count = 0;
let ahead = 0;
const clock = { now: () => Date.now() + ahead };

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
});
afterAll(() => at.remove());

beforeEach(async () => {
  ahead = 0;
  dir = join(at.dir, `case-${++count}`);
  await sql(
    url,
    "DROP SCHEMA IF EXISTS ward CASCADE",
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
    "INSERT INTO ward.patients SELECT i, 'n' FROM generate_series(1, 20) i",
  );
});
afterEach(() =>
  sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  ),
);

const start = (): Promise<Bench> => open(dir, url, { include: ["ward.*"] }, clock);
let id = 100;
const write = (): Promise<void> => sql(url, `INSERT INTO ward.patients VALUES (${++id}, 'new')`);

async function expectCreates(bench: Bench, wanted: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await bench.events()).filter((e) => e.kind === "create").length === wanted) return;
    await sleep(25);
  }
  throw new Error("capture did not go on within 5 s");
}

async function expectClean(bench: Bench): Promise<void> {
  const events = await bench.events();
  expect(events.filter((e) => e.kind === "gap" || e.kind === "restored")).toEqual([]);
  expect(await misfits(url, events, bench.keystore)).toEqual([]);
}

describe("capture goes on when the clock", () => {
  it("jumps ten years ahead and back, by hours, and behind where it began, while it runs", async () => {
    const bench = await start();
    await bench.catchUp();
    const stop = new AbortController();
    const capturing = bench.capture({ signal: stop.signal });
    let written = 0;
    for (const jump of [0, 10 * YEARS, 0, -3 * HOURS, 2 * HOURS, -10 * YEARS, 0]) {
      ahead = jump;
      await write();
      await expectCreates(bench, ++written);
    }
    stop.abort();
    await capturing;
    await expectClean(bench);
    await bench.close();
  });

  it("was ten years ahead for one run, and is right or even behind in the next ones", async () => {
    for (const [run, jump] of [0, 10 * YEARS, 0, -10 * YEARS, -HOURS].entries()) {
      ahead = jump;
      const bench = await start();
      await write();
      expect((await bench.catchUp()).declared).toEqual([]);
      if (run > 0) await expectCreates(bench, run);
      await expectClean(bench);
      await bench.close();
    }
  });

  it("is put back while the catalog changes: new tables are taken in all the same", async () => {
    const bench = await start();
    await bench.catchUp();
    const stop = new AbortController();
    const capturing = bench.capture({ signal: stop.signal });
    await write();
    await expectCreates(bench, 1);
    ahead = -2 * HOURS;
    await sql(url, "CREATE TABLE ward.later (id int PRIMARY KEY)", "ALTER TABLE ward.later REPLICA IDENTITY FULL");
    for (let i = 0; i < 300 && !bench.progress.tables.pending().size; i++) {
      if (bench.index.tables().some((t) => t.name === "ward.later")) break;
      await sleep(50);
    }
    await sql(url, "INSERT INTO ward.later VALUES (1)");
    await expectCreates(bench, 2);
    stop.abort();
    await capturing;
    await bench.close();
  });
});
