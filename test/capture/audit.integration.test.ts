/** Reads and actors from the log of real servers: what is seen, once each, through rotation and kill -9. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkReads, openReads } from "@anamnesis/capture";
import { toHex, utf8 } from "@anamnesis/core";
import { skipLoudly } from "@anamnesis/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuditServer, as, autoExplainServer, hasPgaudit, pgauditServer } from "./audit-servers.ts";
import { type Bench, eventsOf, open, sourceHandles, sql } from "./harness.ts";

const OPTIONS = { include: ["ward.*"] };
const SETUP = [
  "CREATE SCHEMA ward",
  "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
  "CREATE TABLE ward.notes (id bigint PRIMARY KEY, patient_id int REFERENCES ward.patients, body text)",
  "CREATE INDEX ON ward.notes (patient_id)",
  "CREATE TABLE ward.stays (id int, day date, patient_id int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
  "CREATE TABLE ward.stays_2025 PARTITION OF ward.stays FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
  "CREATE TABLE ward.stays_2026 PARTITION OF ward.stays FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  "INSERT INTO ward.patients SELECT i, 'n' || i FROM generate_series(1, 500) i",
  "INSERT INTO ward.notes SELECT i, i, 'b' FROM generate_series(1, 500) i",
  "INSERT INTO ward.stays SELECT i, '2026-02-01', i FROM generate_series(1, 500) i",
  "CREATE VIEW ward.names AS SELECT id, name FROM ward.patients",
  "CREATE FUNCTION ward.name_of(n int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT name FROM ward.patients WHERE id = n); END'",
  "CREATE ROLE dr LOGIN PASSWORD 'x'",
  "CREATE ROLE his LOGIN PASSWORD 'x'",
  "GRANT ALL ON SCHEMA ward TO dr, his",
  "GRANT ALL ON ALL TABLES IN SCHEMA ward TO dr, his",
  "ANALYZE",
];

const noPgaudit =
  !hasPgaudit() &&
  skipLoudly({
    name: "reads from the log of pgaudit",
    needs: "pgaudit",
    reason: "Debian's PostgreSQL 15 with pgaudit is not installed",
  });

describe.skipIf(noPgaudit)("reads from the log of pgaudit", () => {
  suite(pgauditServer);
});
describe("reads from the log of auto_explain", () => {
  suite(autoExplainServer);
});

function suite(start: () => Promise<AuditServer>): void {
  let server: AuditServer;
  let ward: string;
  let count = 0;

  beforeAll(async () => {
    server = await start();
    await sql(server.url, ...SETUP);
    ward = as(server.url, "dr", "x");
  }, 120_000);
  afterAll(() => server.stop());

  /** Runs capture while `work` runs, and until what it did is told. */
  async function captured(work: () => Promise<void>): Promise<Bench> {
    const dir = join(server.dir, `case-${++count}`);
    await sql(server.url, "DROP PUBLICATION IF EXISTS anamnesis_ehr");
    const bench = await open(dir, server.url, OPTIONS);
    await bench.source.forget();
    const reads = openReads({
      ...{ mode: server.mode, log: server.log, store: join(dir, "reads.db"), database: server.database },
      ...{ windowMs: 60_000, who: { applications: ["his"], actorPattern: /^ward (\S+)/u } },
    });
    const stop = new AbortController();
    let streaming = false;
    const running = bench.capture({
      ...{ interludes: [reads], actorOf: (xid, time) => reads.actorOf(xid, time), signal: stop.signal },
      onProgress: (p) => {
        streaming = p.phase === "streaming";
      },
    });
    while (!streaming) await sleep(20);
    await work();
    const before = reads.figures.lines;
    while (reads.figures.lines === before && before === 0) await sleep(20);
    for (let quiet = 0; quiet < 5; quiet = reads.pending() ? 0 : quiet + 1) await sleep(100);
    stop.abort();
    await running;
    reads.close();
    return bench;
  }

  const actor = (name: string) => toHex(sourceHandles.actor(name));
  const handle = (table: string, key: string) => toHex(sourceHandles.row(sourceHandles.table(table), utf8(key)));

  /** Reads of a table by one person, as keys of `keys`, `*` for the table, `?` for anything else. */
  async function told(bench: Bench, table: string, by: string, keys: readonly string[]): Promise<readonly string[]> {
    const names = new Map(keys.map((key) => [handle(table, key.replace("|", "\t").replace(/^(\w+)=/, "\n$1\t")), key]));
    return eventsOf(await bench.events(), table)
      .filter((e) => e.kind === "read" && e.actor !== null && toHex(e.actor) === actor(by))
      .map((e) => (e.row === null ? "*" : (names.get(toHex(e.row)) ?? "?")));
  }

  async function asDoctor(work: (client: pg.Client) => Promise<unknown>, url = ward, application = ""): Promise<void> {
    const client = new pg.Client({ connectionString: url, application_name: application });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }

  it("names rows by key, in lists, through parameters, prepared statements and joins", async () => {
    const bench = await captured(() =>
      asDoctor(async (c) => {
        await c.query("SELECT * FROM ward.patients WHERE id = 7");
        await c.query("SELECT * FROM ward.patients WHERE id = $1 AND name <> $2", [8, 'a,"b']);
        await c.query({
          name: "by-list",
          text: "SELECT name FROM ward.patients WHERE id = ANY($1)",
          values: [[9, 10]],
        });
        await c.query("PREPARE one (int) AS SELECT * FROM ward.patients WHERE id = $1");
        await c.query("EXECUTE one (11)");
        await c.query("SELECT * FROM ward.patients WHERE id = 7 -- again");
        await c.query("SELECT n.body FROM ward.notes n JOIN ward.patients p ON p.id = n.patient_id WHERE p.id = 12");
        await c.query("SELECT * FROM ward.notes WHERE patient_id = 13");
        await c.query("SELECT * FROM ward.stays WHERE id = 14 AND day = '2026-02-01'");
      }),
    );
    const keys = ["7", "8", "9", "10", "11", "12", "patient_id=12", "patient_id=13", "14|2026-02-01"];
    expect(await told(bench, "ward.patients", "dr", keys)).toEqual(["7", "8", "9", "10", "11", "12"]);
    const joined = server.mode === "pgaudit" ? "*" : "patient_id=12"; // the text pins only the other table
    expect(await told(bench, "ward.notes", "dr", keys)).toEqual([joined, "patient_id=13"]);
    expect(await told(bench, "ward.stays", "dr", keys)).toEqual(["14|2026-02-01"]);
    await bench.close();
  }, 60_000);

  it("sees lists, views, functions, COPY, and rows that a write gives back", async () => {
    const bench = await captured(() =>
      asDoctor(async (c) => {
        await c.query("SELECT count(name) FROM ward.patients");
        await c.query("SELECT * FROM ward.names WHERE id = 21");
        await c.query("SELECT ward.name_of(22)");
        await c.query("BEGIN; UPDATE ward.notes SET body = 'z' RETURNING *; ROLLBACK");
        await c.query("COPY (SELECT * FROM ward.stays) TO STDOUT").catch(() => undefined);
      }),
    );
    const rows = await told(bench, "ward.patients", "dr", ["21", "22"]);
    // pgaudit gives the statement of a view and of a function, which do not tell the row.
    expect(rows).toEqual(server.mode === "pgaudit" ? ["*"] : ["*", "21", "22"]);
    expect(await told(bench, "ward.notes", "dr", [])).toEqual(["*"]);
    expect(await told(bench, "ward.stays", "dr", [])).toEqual(["*"]);
    await bench.close();
  }, 60_000);

  it("sees what was read and then failed; a cursor rolled back only with pgaudit", async () => {
    const bench = await captured(() =>
      asDoctor(async (c) => {
        await c.query("SELECT 1 / (id - 3) FROM ward.patients").catch(() => undefined);
        await c.query("BEGIN");
        await c.query("DECLARE c CURSOR FOR SELECT * FROM ward.notes WHERE id = 5");
        await c.query("FETCH ALL FROM c");
        await c.query("ROLLBACK");
      }),
    );
    expect(await told(bench, "ward.patients", "dr", [])).toEqual(["*"]);
    expect(await told(bench, "ward.notes", "dr", ["5"])).toEqual(server.mode === "pgaudit" ? ["5"] : []);
    await bench.close();
  }, 60_000);

  it("believes applications about the person, and nobody else", async () => {
    const mine = "SELECT * FROM ward.patients WHERE id = 31";
    const bench = await captured(async () => {
      await asDoctor((c) => c.query(mine), as(server.url, "his", "x"), "ward nurse.alva");
      await asDoctor(
        (c) => c.query(`${mine} /* anamnesis actor=nurse.timo purpose=TREAT */`),
        as(server.url, "his", "x"),
      );
      await asDoctor((c) => c.query(`${mine} /* anamnesis actor=chief */`), ward, "ward chief");
    });
    for (const who of ["nurse.alva", "nurse.timo", "dr"])
      expect(await told(bench, "ward.patients", who, ["31"])).toEqual(["31"]);
    const purposes = (await bench.events()).flatMap((e) => (e.purpose === "TREAT" ? [e.kind] : []));
    expect(purposes).toEqual(["read"]);
    await bench.close();
  }, 60_000);

  it("names who wrote, where the transaction itself does not", async () => {
    const bench = await captured(() =>
      asDoctor(async (c) => {
        for (let i = 0; i < 20; i++) {
          await c.query("BEGIN");
          await c.query("UPDATE ward.notes SET body = $1 WHERE id = 1", [String(i)]);
          await c.query("UPDATE ward.notes SET body = $1 WHERE id = 2", [String(i)]);
          await c.query("COMMIT");
        }
      }),
    );
    const updates = eventsOf(await bench.events(), "ward.notes").filter((e) => e.kind === "update");
    const named = updates.filter((e) => e.actor !== null && toHex(e.actor) === actor("dr"));
    expect(updates).toHaveLength(40);
    // The log may come later than the stream; then the write stays without a name rather than waiting.
    expect(named.length).toBeGreaterThanOrEqual(30);
    await bench.close();
  }, 60_000);

  it("checks the settings, and prints the SQL that is missing", async () => {
    const check = (mode: AuditServer["mode"], log = server.log) => checkReads({ url: server.url, mode, log });
    expect((await check(server.mode)).problems).toEqual([]);
    const other = server.mode === "pgaudit" ? "auto_explain" : "pgaudit";
    const told = (await check(other)).problems.map((p) => p.message).join("\n");
    expect(told).toContain(`ALTER SYSTEM SET shared_preload_libraries = '${server.mode}', '${other}'; and restart`);
    const [nowhere] = (await check(server.mode, join(server.dir, "nowhere", "x.json"))).problems;
    expect(nowhere?.code).toBe("capture/log-unreadable");
    const empty = (await check(server.mode, server.dir)).problems;
    expect(empty.map((p) => p.code)).toEqual(["capture/log-unreadable"]);
  }, 60_000);

  it("tells each read once, through rotation, kill -9, and reads while nobody looked", async () => {
    const dir = join(server.dir, `case-${++count}`);
    await sql(server.url, "DROP PUBLICATION IF EXISTS anamnesis_ehr");
    const fresh = await open(dir, server.url, OPTIONS);
    await fresh.source.forget();
    await fresh.close();
    let n = 100;
    const readSome = (count: number) =>
      asDoctor(async (c) => {
        for (let i = 0; i < count; i++) {
          await c.query("SELECT * FROM ward.patients WHERE id = $1", [++n]);
          await sleep(5);
        }
      });
    let child = await startChild(dir, server);
    for (let round = 0; round < 4; round++) {
      const reading = readSome(60);
      await sleep(120);
      await sql(server.url, "SELECT pg_rotate_logfile()", "UPDATE ward.notes SET body = 'w' WHERE id = 3");
      child.kill("SIGKILL");
      await reading;
      await readSome(5);
      child = await startChild(dir, server);
    }
    await sleep(1_500);
    child.kill("SIGKILL");
    await over(child);
    const bench = await open(dir, server.url, OPTIONS);
    const keys = Array.from({ length: 400 }, (_, i) => String(i + 101));
    expect(await told(bench, "ward.patients", "dr", keys)).toEqual(keys.slice(0, n - 100));
    expect(
      (await bench.events()).filter((e) => e.purpose?.startsWith("reads.") === true).map((e) => e.purpose),
    ).toEqual(["reads.begin"]);
    await bench.close();
  }, 120_000);
}

function over(child: ChildProcess): Promise<unknown> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((r) => child.once("exit", r));
}

async function startChild(dir: string, server: AuditServer): Promise<ChildProcess> {
  const path = new URL("./audit-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [path, dir, server.url, server.mode, server.log, server.database], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", () => reject(new Error("the child ended")));
  });
  child.removeAllListeners("exit");
  return child;
}
