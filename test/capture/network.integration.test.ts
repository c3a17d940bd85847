/** The network between capture and PostgreSQL fails in every way that networks do. Nothing is lost, nothing stands twice. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, open, type Place, place, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";
import { Proxy } from "./proxy.ts";

const SILENT_MS = 1_000;

let at: Place;
let url: string;
let proxy: Proxy;
let bench: Bench;
let count = 0;
let stop: AbortController;
let capturing: Promise<unknown>;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
});
afterAll(() => at.remove());

beforeEach(async () => {
  await sql(
    url,
    "DROP SCHEMA IF EXISTS ward CASCADE",
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
    "INSERT INTO ward.patients SELECT i, 'n' FROM generate_series(1, 500) i",
  );
  proxy = await Proxy.start(url);
  bench = await open(join(at.dir, `case-${++count}`), proxy.through(url), { include: ["ward.*"], silentMs: SILENT_MS });
  stop = new AbortController();
  capturing = bench.capture({ signal: stop.signal });
  capturing.catch(() => undefined);
  await captured(1);
});
afterEach(async () => {
  stop.abort();
  await capturing.catch(() => undefined);
  await bench.close();
  await proxy.close();
  await sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL",
  );
  await sql(
    url,
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  );
});

let next = 1_000;
/** So many transactions, past the proxy. */
async function write(transactions: number): Promise<void> {
  await withClient({ url }, async (client) => {
    for (let i = 0; i < transactions; i++) {
      const id = next++;
      await client.query(
        `BEGIN; INSERT INTO ward.patients VALUES (${id}, 'new'); UPDATE ward.patients SET name = 'w${id}' WHERE id = ${1 + (id % 500)}; COMMIT`,
      );
    }
  });
}

/** Waits until capture has passed what is committed now; gives the milliseconds. */
async function captured(minMs: number): Promise<number> {
  const end = await withClient({ url }, async (client) => {
    const { rows } = await client.query<{ lsn: string }>("SELECT (pg_current_wal_lsn() - '0/0')::text AS lsn");
    return BigInt(rows[0]?.lsn ?? 0);
  });
  const began = performance.now();
  // Until the first event is final, the note says where the stream will begin.
  const isBehind = () => (bench.progress.final()?.lsn ?? 0n) === 0n || (bench.progress.passed() ?? 0n) < end;
  while (isBehind() || performance.now() - began < minMs) {
    if (performance.now() - began > 45_000) throw new Error("capture did not go on");
    await Promise.race([sleep(20), capturing.then(() => Promise.reject(new Error("capture ended")))]);
  }
  return performance.now() - began;
}

async function expectClean(): Promise<void> {
  const events = await bench.events();
  expect(new Set(events.map((e) => `${e.lsn}/${e.ordinal}`)).size).toBe(events.length);
  expect(events.filter((e) => e.kind === "gap" || e.kind === "restored")).toEqual([]);
  expect(events.filter((e) => e.kind === "create")).toHaveLength(next - first);
  expect(await misfits(url, events, bench.keystore)).toEqual([]);
}
let first = next;
beforeEach(() => {
  first = next;
});

describe("capture goes on by itself, with nothing lost and nothing twice,", () => {
  it("after the network was cut, again and again, with work in flight", async () => {
    for (let i = 0; i < 4; i++) {
      const writing = write(100);
      await sleep(30 + 40 * i);
      proxy.cut();
      await writing;
      proxy.network = "up";
      await captured(0);
    }
    await expectClean();
  }, 60_000);

  it("after connections were reset in the middle of a message", async () => {
    for (const bytes of [1, 700, 9_000, 30_001, 77]) {
      proxy.breakAfter(bytes);
      await write(120);
      await captured(0);
    }
    expect(proxy.accepted).toBeGreaterThan(10);
    await expectClean();
  }, 60_000);

  it("after its connections were forgotten on the way: it notices, and takes its slot back from a server that does not", async () => {
    await write(20);
    const holder = await slotHolder();
    proxy.forget();
    await write(50);
    expect(await slotHolder()).toBe(holder);
    // The server would wait a minute for its former stream.
    expect(await captured(0)).toBeLessThan(40_000);
    expect(await slotHolder()).not.toBe(holder);
    await write(20);
    await captured(0);
    await expectClean();
  }, 90_000);

  it("after everything had vanished for a while, without a word", async () => {
    proxy.network = "silent";
    await write(50);
    await sleep(2 * SILENT_MS);
    proxy.forget();
    proxy.network = "up";
    await captured(0);
    await expectClean();
  }, 90_000);

  it("through a slow network, and is not taken for silent", async () => {
    proxy.network = "slow";
    const before = proxy.accepted;
    await write(200);
    await captured(3 * SILENT_MS);
    // Looks at what the slot keeps and at the catalog need connections; a stream that is begun anew needs many more.
    expect(proxy.accepted - before).toBeLessThan(6);
    await expectClean();
  }, 60_000);
});

describe("a stop", () => {
  it("does not wait for a server that is silent", async () => {
    await write(5);
    proxy.network = "silent";
    const began = performance.now();
    stop.abort();
    await capturing;
    expect(performance.now() - began).toBeLessThan(8_000);
  }, 30_000);
});

async function slotHolder(): Promise<number | null> {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query<{ pid: number | null }>(
      "SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
    );
    return rows[0]?.pid ?? null;
  });
}
