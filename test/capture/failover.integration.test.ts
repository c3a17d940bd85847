/** Fail-over to a real streaming standby, and the move to another major version by dump and restore. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, copyRows, parseRow, quoteName, withClient } from "@anamnesis/capture";
import { isInstalled, type Postgres, startPostgres } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, open, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

let dir: string;
let servers: Postgres[];
let benches: Bench[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-failover-"));
  [servers, benches] = [[], []];
});
afterEach(async () => {
  for (const bench of benches) await bench.close();
  for (const server of servers) await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const TABLES = [
  "CREATE SCHEMA ward",
  "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
  "CREATE TABLE ward.reports (id int PRIMARY KEY, patient_id int REFERENCES ward.patients, n int, body text)",
  "CREATE TABLE ward.log (at timestamptz, v numeric)",
  "ALTER TABLE ward.log REPLICA IDENTITY FULL",
  "ALTER TABLE ward.reports ALTER body SET STORAGE EXTERNAL",
  "INSERT INTO ward.patients SELECT i, 'n' || i FROM generate_series(1, 50) i",
  "INSERT INTO ward.reports SELECT i, i, 0, repeat('long ' || i, 2000) FROM generate_series(1, 50) i",
  "INSERT INTO ward.log SELECT now(), i % 7 FROM generate_series(1, 50) i",
];

async function start(name: string, extraSettings: Readonly<Record<string, string>> = {}, version?: 14 | 18) {
  const how = { dir: join(dir, name), extraSettings, ...(version === undefined ? {} : { version }) };
  const server = await startPostgres(how);
  servers.push(server);
  return server;
}

async function bench(url: string): Promise<Bench> {
  for (const earlier of benches.splice(0)) await earlier.close();
  const made = await open(dir, url, { include: ["ward.*"] });
  benches.push(made);
  return made;
}

const FORGET = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'";

const what = async (url: string, b: Bench) =>
  (await misfits(url, await b.events(), b.keystore)).map((m) => `${m.what} ${m.table}`).toSorted();

async function one<T>(url: string, query: string): Promise<T | undefined> {
  return withClient({ url }, async (client) => (await client.query<{ v: T }>(query)).rows[0]?.v);
}

interface Pair {
  readonly primary: Postgres;
  readonly standby: Postgres;
}

/** A primary with a standby that streams from it: a cold copy of its folder, as a base backup would be. */
async function pair(): Promise<Pair> {
  const first = await start("one");
  await sql(first.url, ...TABLES);
  await first.stop();
  execFileSync("cp", ["-a", join(dir, "one"), join(dir, "two")]);
  rmSync(join(dir, "two", "port"));
  const primary = await start("one");
  await sql(primary.url, "SELECT pg_create_physical_replication_slot('two')");
  const { port, password } = { port: primary.port, password: new URL(primary.url).password };
  writeFileSync(join(dir, "two", "data", "standby.signal"), "");
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} dbname=hospital`;
  const standby = await start("two", {
    ...{ primary_conninfo: conninfo, primary_slot_name: "two", hot_standby_feedback: "on" },
    ...((await keepsSlots(primary.url)) === true ? { sync_replication_slots: "on" } : {}),
  });
  return { primary, standby };
}

/** Waits until the standby has replayed all that the primary has written. */
async function level({ primary, standby }: Pair): Promise<void> {
  const end = await one<string>(primary.url, "SELECT pg_current_wal_lsn()::text AS v");
  for (let i = 0; i < 200; i++) {
    if ((await one<boolean>(standby.url, `SELECT pg_last_wal_replay_lsn() >= '${end}' AS v`)) === true) return;
    await sleep(50);
  }
  throw new Error("the standby does not follow");
}

async function promote({ primary, standby }: Pair): Promise<string> {
  await primary.kill9();
  expect(await one<boolean>(standby.url, "SELECT pg_promote(true, 30) AS v")).toBe(true);
  return standby.url;
}

/** The standby takes our slot over once what it still needs is no older than what the standby holds. */
async function keepSlot(both: Pair, capture: Bench): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await sql(both.primary.url, "SELECT pg_log_standby_snapshot()", `INSERT INTO ward.log VALUES (now(), ${i})`);
    await capture.catchUp();
    await level(both);
    await sleep(200); // the standby's worker looks several times a second
    const ready =
      "SELECT true AS v FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr' AND synced AND NOT temporary";
    if ((await one<boolean>(both.standby.url, ready)) === true) return;
  }
  throw new Error("the standby does not keep our slot");
}

const keepsSlots = (url: string) =>
  one<boolean>(url, "SELECT current_setting('server_version_num')::int >= 170000 AS v");

describe("fail-over to a standby", () => {
  it("that kept our position goes on without a gap where the server can keep it, and vouches for every row", async () => {
    const both = await pair();
    const before = await bench(both.primary.url);
    await before.catchUp();
    await sql(both.primary.url, "UPDATE ward.reports SET n = n + 1", "INSERT INTO ward.log VALUES (now(), 1)");
    await before.catchUp();
    const kept = (await keepsSlots(both.primary.url)) === true;
    if (kept) await keepSlot(both, before);
    await sql(both.primary.url, "UPDATE ward.patients SET name = 'not captured yet' WHERE id < 5");
    await level(both);
    const url = await promote(both);
    await sql(url, "UPDATE ward.reports SET n = n + 1 WHERE id > 40");
    const after = await bench(url);
    expect((await after.catchUp()).declared).toEqual(kept ? [] : ["other-life"]);
    expect((await what(url, after)).length).toBe(kept ? 0 : 14);
    // And the life after the fail-over is the usual one.
    await sql(url, "UPDATE ward.patients SET name = 'later' WHERE id = 1");
    expect((await after.catchUp()).declared).toEqual([]);
    expect((await what(url, after)).length).toBe(kept ? 0 : 13);
  });

  it("that lost the position is a gap: unchanged rows raise no alarm, unseen changes are found as what they are", async () => {
    const both = await pair();
    const before = await bench(both.primary.url);
    await before.catchUp();
    await sql(both.primary.url, "UPDATE ward.reports SET n = n + 1");
    await before.catchUp();
    await level(both);
    const clean = await promote(both);
    await sql(clean, FORGET);
    const after = await bench(clean);
    expect((await after.catchUp()).declared).toEqual(["other-life"]);
    expect(await what(clean, after)).toEqual([]);

    await sql(
      clean,
      FORGET,
      "UPDATE ward.patients SET name = 'unseen' WHERE id = 1",
      "DELETE FROM ward.log WHERE v = 6",
      "INSERT INTO ward.patients VALUES (99, 'unseen')",
    );
    expect((await after.catchUp()).declared).toEqual(["position-lost"]);
    const found = await what(clean, after);
    expect(new Set(found)).toEqual(new Set(["altered ward.patients", "missing ward.log", "unexplained ward.patients"]));
    await sql(clean, "UPDATE ward.reports SET n = n + 1");
    await after.catchUp();
    expect(await what(clean, after)).toEqual(found);
  });

  it("that had not everything we know: what was lost with the old server is found", async () => {
    const both = await pair();
    const before = await bench(both.primary.url);
    await before.catchUp();
    await level(both);
    await sql(both.standby.url, "SELECT pg_wal_replay_pause()");
    await both.standby.stop();
    await sql(
      both.primary.url,
      "UPDATE ward.patients SET name = 'lost' WHERE id <= 3",
      "INSERT INTO ward.patients VALUES (77, 'lost')",
    );
    await before.catchUp();
    await both.primary.kill9();
    const standby = await start("two", { primary_conninfo: "" });
    const url = await promote({ primary: both.primary, standby });
    const after = await bench(url);
    expect((await after.catchUp()).declared).toEqual(["other-life"]);
    expect(await what(url, after)).toEqual([
      ...Array.from({ length: 3 }, () => "altered ward.patients"),
      "missing ward.patients",
    ]);
  });
});

const UPGRADE = "from PostgreSQL 14 to 18 by dump and restore";
const cannot =
  (!isInstalled(14) || !isInstalled(18)) &&
  skipLoudly({
    name: `a major upgrade > ${UPGRADE}`,
    needs: "postgres-14",
    reason: "an older server is not installed",
  });

describe("a major upgrade", () => {
  it.skipIf(cannot)(UPGRADE, async () => {
    const old = await start("old", {}, 14);
    await sql(old.url, ...TABLES);
    const before = await bench(old.url);
    await before.catchUp();
    await sql(
      old.url,
      "UPDATE ward.reports SET n = n + 1",
      "INSERT INTO ward.log VALUES ('2026-02-03 04:05:06.789+05', 1e-9)",
    );
    await before.catchUp();

    const fresh = await start("new", {}, 18);
    await sql(fresh.url, ...TABLES.filter((s) => !s.startsWith("INSERT")));
    for (const table of ["ward.patients", "ward.reports", "ward.log"]) await carry(old.url, fresh.url, table);
    await old.stop();
    const after = await bench(fresh.url);
    expect((await after.catchUp()).declared).toEqual(["other-life"]);
    expect(await what(fresh.url, after)).toEqual([]);
    await sql(fresh.url, "UPDATE ward.reports SET n = n + 1", "DELETE FROM ward.log WHERE v = 3");
    expect((await after.catchUp()).declared).toEqual([]);
    expect(await what(fresh.url, after)).toEqual([]);
  });
});

/** All rows of a table from one server to another, as text. */
async function carry(from: string, to: string, table: string): Promise<void> {
  const [source, target] = [await connect({ url: from }), await connect({ url: to })];
  try {
    const { fields } = await source.query(`SELECT * FROM ${table} LIMIT 0`);
    const names = fields.map((f) => quoteName(f.name)).join(", ");
    const rows: (string | null)[][] = [];
    await copyRows(source, `SELECT ${names} FROM ${table}`, (row) => {
      rows.push(parseRow(row, fields.length).map((v) => (v === null ? null : Buffer.from(v).toString())));
    });
    const insert = `INSERT INTO ${table} (${names}) VALUES (${fields.map((_, i) => `$${i + 1}`).join(", ")})`;
    for (const row of rows) await target.query(insert, row);
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}
