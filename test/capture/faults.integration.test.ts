import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anamnesis/capture";
import { startPostgres } from "@anamnesis/sandbox";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, kinds, open, type Place, place, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

const KILLS = Number(process.env["ANAMNESIS_KILLS"] ?? 6);
const CHILD = new URL("./child.ts", import.meta.url).pathname;
const OPTIONS = { include: ["ward.*"] };

let at: Place;
let url: string;
let dir: string;
let count = 0;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
});
afterAll(() => at.remove());

beforeEach(async () => {
  dir = join(at.dir, `case-${++count}`);
  await sql(
    url,
    "DROP SCHEMA IF EXISTS ward CASCADE",
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
    "CREATE TABLE ward.log (a int)",
    "ALTER TABLE ward.log REPLICA IDENTITY FULL",
    "INSERT INTO ward.patients SELECT i, 'n' FROM generate_series(1, 3000) i",
  );
});
afterEach(() =>
  sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  ),
);

async function clean(bench: Bench): Promise<void> {
  const events = await bench.events();
  expect(new Set(events.map((e) => `${e.lsn}/${e.ordinal}`)).size).toBe(events.length);
  expect(events.filter((e) => ["gap", "restored", "contradicted"].includes(e.kind))).toEqual([]);
  expect(await misfits(url, events, bench.keystore)).toEqual([]);
}

/** Writes until stopped; goes on after a restart of the database. Gives the number of commits that were answered. */
async function write(signal: AbortSignal, base: number): Promise<number> {
  let written = 0;
  let attempt = 0;
  while (!signal.aborted) {
    try {
      const client = await connect({ url });
      while (!signal.aborted) {
        const id = base + attempt++;
        await client.query(`BEGIN; INSERT INTO ward.patients VALUES (${id}, 'new');
          UPDATE ward.patients SET name = 'w${id}' WHERE id = ${1 + (id % 3000)}; INSERT INTO ward.log VALUES (${id % 50}); COMMIT`);
        written++;
      }
      await client.end();
    } catch {
      await sleep(50);
    }
  }
  return written;
}

function startChild(): ChildProcess {
  return spawn(process.execPath, [CHILD, dir, url], { stdio: ["ignore", "pipe", "inherit"] });
}

describe("kill -9", () => {
  it(`of capture and ledger, ${KILLS} times at random points: nothing lost, nothing twice`, async () => {
    const stop = new AbortController();
    const writing = write(stop.signal, 10_000);
    for (let i = 0; i < KILLS; i++) {
      const child = startChild();
      if (i % 3 !== 0) await once(child.stdout ?? child, "data");
      await sleep(20 + Math.random() * 700);
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    stop.abort();
    expect(await writing).toBeGreaterThan(20);
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    await clean(bench);
    await bench.close();
  });

  it("of PostgreSQL, again and again under a running capture", async () => {
    const bench = await open(dir, url, OPTIONS);
    const stop = new AbortController();
    const capturing = bench.capture({ signal: stop.signal, patient: true });
    const writing = write(stop.signal, 50_000);
    for (let i = 0; i < KILLS; i++) {
      await sleep(200 + Math.random() * 600);
      await at.postgres.kill9();
      await restart();
    }
    await sleep(300);
    stop.abort();
    expect(await writing).toBeGreaterThan(20);
    await capturing;
    await bench.catchUp();
    await clean(bench);
    await bench.close();
  });
});

/** The same server on the same folder and port. */
async function restart(): Promise<void> {
  const port = at.postgres.port;
  at = { ...at, postgres: await startPostgres({ dir: join(at.dir, "pg"), port }), remove: () => removeAll(at) };
}

async function removeAll(place: Place): Promise<void> {
  await place.postgres.stop();
  rmSync(place.dir, { recursive: true, force: true });
}

describe("a source that is not where it was left", () => {
  it("is a gap when its slot was moved ahead", async () => {
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    await sql(
      url,
      "INSERT INTO ward.patients VALUES (90001, 'unseen')",
      "SELECT pg_replication_slot_advance('anamnesis_ehr', pg_current_wal_lsn())",
      "INSERT INTO ward.patients VALUES (90002, 'seen')",
    );
    const before = (await bench.events()).length;
    expect((await bench.catchUp()).declared).toEqual(["position-ahead"]);
    const events = await bench.events();
    expect(kinds(events.slice(before))).toBe("gap create");
    expect((await misfits(url, events, bench.keystore)).map((m) => m.what)).toEqual(["unexplained"]);
    expect((await bench.catchUp()).declared).toEqual([]);
    await bench.close();
  });

  it("is a gap when its slot is gone, and the rows of the gap are not vouched for", async () => {
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    await sql(
      url,
      "SELECT pg_drop_replication_slot('anamnesis_ehr')",
      "INSERT INTO ward.patients VALUES (90001, 'unseen')",
      "UPDATE ward.patients SET name = 'unseen' WHERE id = 1",
    );
    expect((await bench.catchUp()).declared).toEqual(["position-lost"]);
    const found = (await misfits(url, await bench.events(), bench.keystore)).map((m) => m.what);
    expect(found.toSorted()).toEqual(["altered", "unexplained"]);
    await sql(url, "INSERT INTO ward.patients VALUES (90002, 'seen')");
    expect((await bench.catchUp()).declared).toEqual([]);
    await bench.close();
  });

  it("is restored when an older copy of its folder comes back, with another history", async () => {
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    await at.postgres.stop();
    const folder = join(at.dir, "pg");
    const copy = join(at.dir, "copy");
    copyFolder(folder, copy);
    await restart();
    for (let i = 0; i < 5; i++) await sql(url, `INSERT INTO ward.patients VALUES (${80_001 + i}, 'lost')`);
    await bench.catchUp();
    await at.postgres.stop();
    rmSync(folder, { recursive: true });
    copyFolder(copy, folder);
    await restart();
    for (let i = 0; i < 30; i++) await sql(url, `INSERT INTO ward.patients VALUES (${81_001 + i}, 'other history')`);
    expect((await bench.catchUp()).declared).toEqual(["restored"]);
    const found = (await misfits(url, await bench.events(), bench.keystore)).map((m) => m.what);
    expect(found).toEqual(Array.from({ length: 5 }, () => "missing"));
    await sql(url, "INSERT INTO ward.patients VALUES (82000, 'later')");
    expect((await bench.catchUp()).declared).toEqual([]);
    await bench.close();
  });
});

describe("the source's disk", () => {
  it("is not held by an idle capture while other tables are written", async () => {
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    const stop = new AbortController();
    const capturing = bench.capture({ signal: stop.signal });
    await sql(url, "CREATE TABLE IF NOT EXISTS public.other (v text)");
    for (let i = 0; i < 5; i++) {
      await sql(
        url,
        "INSERT INTO public.other SELECT repeat('x', 1000) FROM generate_series(1, 5000)",
        "TRUNCATE public.other",
      );
      await sql(url, "CHECKPOINT");
    }
    let retained = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 50 && retained > 1_000_000; i++) {
      await sleep(100);
      const client = await connect({ url });
      const { rows } = await client.query<{ n: number }>(
        `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 AS n FROM pg_replication_slots
          WHERE slot_name = 'anamnesis_ehr'`,
      );
      retained = rows[0]?.n ?? retained;
      await client.end();
    }
    expect(retained).toBeLessThan(1_000_000);
    stop.abort();
    await capturing;
    await bench.close();
  });
});

/** With owners and rights, as a backup would. */
const copyFolder = (from: string, to: string): void => void execFileSync("cp", ["-a", from, to]);
