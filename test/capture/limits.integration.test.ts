/** What capture can cost the hospital's disk, and what it bears: limits, large transactions, odd bytes, partitions. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RetentionLevel, withClient } from "@anamnesis/capture";
import { AnamnesisError } from "@anamnesis/core";
import type { Engine } from "@anamnesis/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, eventsOf, kinds, open, type Place, place, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const OPTIONS = { include: ["ward.*"] };
const MIB = 1024 * 1024;
const LARGE_ROWS = Number(process.env["ANAMNESIS_LARGE_ROWS"] ?? 100_000);
/** Node itself takes about 90 MiB; ten batches, the index's caches and SQLite's the rest. */
const RSS_MIB_MAX = 500;

let at: Place;
let url: string;
let dir: string;
let bench: Bench;
let count = 0;

beforeAll(async () => {
  at = await place({ max_prepared_transactions: "5" });
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
    "INSERT INTO ward.patients SELECT i, 'n' FROM generate_series(1, 100) i",
  );
  bench = await open(dir, url, OPTIONS);
});
afterEach(async () => {
  await bench.close();
  await sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  );
});

/** Bytes of WAL that the slot keeps the server from removing, and whether it is still being made. */
const slot = (): Promise<{ kept: number; making: boolean } | undefined> =>
  withClient({ url }, async (client) => {
    const { rows } = await client.query<{ kept: number; making: boolean }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 AS kept, confirmed_flush_lsn IS NULL AS making
         FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'`,
    );
    return rows[0];
  });

const logOf = (mebibytes: number): string =>
  `SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) FROM generate_series(1, ${mebibytes})`;

const what = async () => (await misfits(url, await bench.events(), bench.keystore)).map((m) => m.what).toSorted();

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error("it did not come to hold within 20 s");
}

/** The same ledger, which takes nothing while `stuck` says so. */
function stubborn(engine: Engine, stuck: () => boolean): Engine {
  const busy = new AnamnesisError("ledger/busy", "the ledger takes nothing now", {});
  return new Proxy(engine, {
    get(target, name) {
      if ((name === "submit" || name === "submitAttached") && stuck()) return () => Promise.reject(busy);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("the limits of what the database keeps for us", () => {
  it("warn, then give the slot up and declare the gap; rows of the gap are not vouched for", async () => {
    await bench.catchUp();
    let stuck = true;
    const levels = new Set<RetentionLevel>();
    const stop = new AbortController();
    const capturing = bench.capture({
      engine: stubborn(bench.engine, () => stuck),
      limits: { warnBytes: 20 * MIB, giveUpBytes: 60 * MIB, everyMs: 100 },
      signal: stop.signal,
      onProgress: ({ retention }) => retention !== undefined && levels.add(retention.level),
    });
    await sql(
      url,
      "UPDATE ward.patients SET name = 'in the gap' WHERE id <= 10",
      "INSERT INTO ward.patients SELECT i, 'in the gap' FROM generate_series(1001, 1005) i",
      logOf(30),
    );
    await until(() => levels.has("warn"));
    expect(bench.progress.retention()?.level).toBe("warn");
    await withClient({ url }, async (writer) => {
      await writer.query("BEGIN; SELECT pg_current_xact_id()"); // the new slot cannot begin before this ends
      await until(async () => {
        if (!levels.has("give-up")) await sql(url, logOf(20));
        return levels.has("give-up") && (await slot())?.making === true;
      });
      await writer.query("COMMIT");
    });
    await until(async () => (await slot())?.making === false);
    expect((await slot())?.kept).toBeLessThan(60 * MIB); // what was written while it was being made
    stuck = false;
    await sql(url, "UPDATE ward.patients SET name = 'seen' WHERE id = 50");
    await until(async () => (await bench.events()).some((e) => e.kind === "gap"));
    await until(async () => (await bench.events()).at(-1)?.kind === "update");
    stop.abort();
    const { declared } = await capturing;
    expect(new Set(declared)).toEqual(new Set(["position-lost"]));
    const found = await what();
    expect(found.filter((w) => w === "altered")).toHaveLength(10);
    expect(found.filter((w) => w === "unexplained")).toHaveLength(5);
    expect((await bench.catchUp()).declared).toEqual([]);
    expect(await what()).toEqual(found);
  });

  it("are not reached by an idle capture, however busy other tables and databases are", async () => {
    const other = url.replace(/hospital$/, "other");
    await sql(url.replace(/hospital$/, "postgres"), "DROP DATABASE IF EXISTS other", "CREATE DATABASE other");
    await sql(other, "CREATE TABLE public.busy (v text)");
    await sql(url, "CREATE TABLE public.busy (v text)");
    await bench.catchUp();
    const stop = new AbortController();
    const capturing = bench.capture({ signal: stop.signal });
    for (let i = 0; i < 6; i++) {
      const write = "INSERT INTO public.busy SELECT repeat('x', 1000) FROM generate_series(1, 10000)";
      await Promise.all([sql(other, write), sql(url, write)]);
      await sql(url, "CHECKPOINT");
      await sleep(300);
    }
    let left = Number.POSITIVE_INFINITY;
    await until(async () => {
      await sql(url, "CHECKPOINT"); // the server notes running transactions, from where a slot may go on
      left = (await slot())?.kept ?? left;
      return left < 5 * MIB;
    });
    expect(left).toBeLessThan(5 * MIB);
    stop.abort();
    await capturing;
    await sql(url, "DROP TABLE public.busy");
  });
});

describe("a database that gives the slot up by itself", () => {
  it("because nobody captured: the gap is declared, and nothing in it is vouched for", async () => {
    const small = await place({ max_slot_wal_keep_size: "32MB", max_wal_size: "64MB", min_wal_size: "32MB" });
    const own = await open(join(small.dir, "case"), small.postgres.url);
    try {
      await sql(
        small.postgres.url,
        "CREATE TABLE public.t (id int PRIMARY KEY, v text)",
        "INSERT INTO public.t SELECT i, 'v' FROM generate_series(1, 50) i",
      );
      await own.catchUp();
      await sql(small.postgres.url, "UPDATE public.t SET v = 'unseen' WHERE id < 4", logOf(150), "CHECKPOINT");
      expect((await own.source.slot())?.lost).toBe(true);
      expect((await own.catchUp()).declared).toEqual(["position-lost"]);
      const found = await misfits(small.postgres.url, await own.events(), own.keystore);
      expect(found.map((m) => m.what)).toEqual(["altered", "altered", "altered"]);
    } finally {
      await own.close();
      await small.remove();
    }
  });
});

describe("large and long transactions", () => {
  it(`of ${LARGE_ROWS} rows pass in bounded memory`, async () => {
    await sql(
      url,
      "CREATE TABLE ward.large (id int PRIMARY KEY, a text, b text)",
      "ALTER TABLE ward.large REPLICA IDENTITY FULL",
    );
    await bench.catchUp();
    await bench.close();
    const child = spawn(process.execPath, [CHILD, dir, url], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await sql(
      url,
      `BEGIN; INSERT INTO ward.large SELECT i, 'value ' || i, md5(i::text) FROM generate_series(1, ${LARGE_ROWS}) i;
       UPDATE ward.large SET a = 'changed' WHERE id % 2 = 0; COMMIT`,
    );
    const end = await withClient({ url }, async (c) => {
      const { rows } = await c.query<{ lsn: string }>("SELECT pg_current_wal_lsn()::text AS lsn");
      return rows[0]?.lsn ?? "";
    });
    for (let passed = false; !passed; await sleep(200)) {
      passed = await withClient({ url }, async (c) => {
        const { rows } = await c.query<{ ok: boolean }>(
          `SELECT confirmed_flush_lsn >= '${end}' AS ok FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'`,
        );
        return rows[0]?.ok === true;
      });
    }
    const [, highest] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(Number(highest) / 1024).toBeLessThan(RSS_MIB_MAX);
    bench = await open(dir, url, OPTIONS);
    expect(eventsOf(await bench.events(), "ward.large")).toHaveLength(1 + 1.5 * LARGE_ROWS);
    expect(await what()).toEqual([]);
  });

  it("prepared before a restart of capture and committed after it are events of their transaction, once", async () => {
    await bench.catchUp();
    await sql(url, "BEGIN; UPDATE ward.patients SET name = 'prepared' WHERE id < 6; PREPARE TRANSACTION 'tx1'");
    await sql(url, "BEGIN; DELETE FROM ward.patients WHERE id = 90; PREPARE TRANSACTION 'tx2'");
    await sql(url, "UPDATE ward.patients SET name = 'between' WHERE id = 7");
    const before = (await bench.events()).length;
    await bench.catchUp();
    expect(kinds((await bench.events()).slice(before))).toBe("update");
    await sql(url, "COMMIT PREPARED 'tx1'", "ROLLBACK PREPARED 'tx2'");
    expect((await bench.catchUp()).declared).toEqual([]);
    expect(kinds((await bench.events()).slice(before))).toBe("update update update update update update");
    expect(await what()).toEqual([]);
  });
});

describe("bytes that are no UTF-8 in a database without an encoding", () => {
  it("are captured and compared as they are, in values, keys and ids of patients", async () => {
    const ascii = url.replace(/hospital$/, "ascii");
    const version = await withClient({ url }, (c) =>
      c.query<{ v: number }>("SELECT current_setting('server_version_num')::int AS v"),
    );
    const provider = (version.rows[0]?.v ?? 0) >= 150_000 ? "LOCALE_PROVIDER libc" : "";
    await sql(
      url.replace(/hospital$/, "postgres"),
      "DROP DATABASE IF EXISTS ascii",
      `CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' ${provider} LOCALE 'C'`,
    );
    const odd = (hex: string): string => `convert_from('\\x${hex}', 'SQL_ASCII')`;
    await sql(
      ascii,
      "SET search_path = public",
      "CREATE TABLE patients (mrn text PRIMARY KEY, name text)",
      "CREATE TABLE notes (id text PRIMARY KEY, patient_id text, body text)",
      "CREATE TABLE bag (body text)",
      ...["patients", "notes", "bag"].map((t) => `ALTER TABLE ${t} REPLICA IDENTITY FULL`),
      `INSERT INTO patients VALUES (${odd("fffe")}, ${odd("c3")}), ('plain', ${odd("80")})`,
      `INSERT INTO notes VALUES (${odd("e9")}, ${odd("fffe")}, ${odd("5c5cff09")}), ('n', 'plain', 'ü')`,
    );
    const own = await open(join(at.dir, `case-${++count}-ascii`), ascii);
    try {
      await own.catchUp();
      await sql(
        ascii,
        "SET search_path = public",
        `UPDATE notes SET body = body || ${odd("fe")}`,
        `INSERT INTO bag VALUES (${odd("ff")}), (${odd("ff")})`,
        `UPDATE patients SET mrn = ${odd("fdfd")} WHERE mrn = 'plain'`,
        `DELETE FROM bag WHERE ctid = '(0,1)'`,
      );
      await own.catchUp();
      const kindsOf = kinds(await own.events());
      expect(kindsOf.match(/update/g)).toHaveLength(2);
      const left = await misfits(ascii, await own.events(), own.keystore);
      expect(left).toEqual([]);
    } finally {
      await own.close();
      await sql(
        ascii,
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
      );
    }
  });
});

describe("TRUNCATE and partitions", () => {
  it("of the root is an event, of one partition shows as missing rows, and nothing worse happens", async () => {
    await sql(
      url,
      "CREATE TABLE ward.moves (id int, ward text, PRIMARY KEY (id, ward)) PARTITION BY LIST (ward)",
      "CREATE TABLE ward.moves_a PARTITION OF ward.moves FOR VALUES IN ('a')",
      "CREATE TABLE ward.moves_b PARTITION OF ward.moves DEFAULT",
      "INSERT INTO ward.moves SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 20) i",
    );
    await bench.catchUp();
    await sql(url, "TRUNCATE ward.moves_a");
    await bench.catchUp();
    expect(kinds(eventsOf(await bench.events(), "ward.moves"))).not.toContain("truncate");
    expect(await what()).toEqual(Array.from({ length: 10 }, () => "missing"));
    await sql(url, "INSERT INTO ward.moves VALUES (2, 'a')", "UPDATE ward.moves SET id = 100 WHERE id = 1");
    await bench.catchUp();
    expect(await what()).toEqual(Array.from({ length: 9 }, () => "missing"));
    await sql(url, "TRUNCATE ward.moves", "INSERT INTO ward.moves VALUES (7, 'b')");
    await bench.catchUp();
    expect(
      kinds(eventsOf(await bench.events(), "ward.moves"))
        .split(" ")
        .slice(-2),
    ).toEqual(["truncate", "create"]);
    expect(await what()).toEqual([]);
  });
});
