import { applyPreparation, checkSource, connect, postgresSource, preparationScript } from "@anamnesis/capture";
import { native } from "@anamnesis/crypto/native";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Place, place, sourceHandles, sql } from "./harness.ts";

let at: Place;
let url: string;
const options = () => ({ url, name: "ehr", handles: sourceHandles, primitives: native, include: ["ward.*"] });

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
  await sql(
    url,
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "CREATE TABLE ward.full_rows (id int PRIMARY KEY, patient_id int REFERENCES ward.patients)",
    "ALTER TABLE ward.full_rows REPLICA IDENTITY FULL",
    'CREATE TABLE ward."Keyless Log" (a text)',
    "CREATE TABLE ward.by_index (code text NOT NULL, v int)",
    "CREATE UNIQUE INDEX by_code ON ward.by_index (code)",
    "ALTER TABLE ward.by_index REPLICA IDENTITY USING INDEX by_code",
  );
});
afterAll(() => at.remove());

describe("source check", () => {
  it("says of each table what happens to it and why", async () => {
    const check = await checkSource(options());
    expect(check.problems).toEqual([]);
    expect(check.ready).toBe(true);
    const byName = new Map(check.tables.map((t) => [t.name, t]));
    expect(byName.get("ward.full_rows")).toMatchObject({
      ...{ status: "captured", identity: "full", key: ["id"], statements: [] },
      subjects: { columns: ["patient_id"], because: "foreign-key" },
    });
    expect(byName.get("ward.patients")).toMatchObject({ identity: "key", unvouchedColumns: ["name"] });
    expect(byName.get("ward.by_index")).toMatchObject({ identity: "key", key: ["code"] });
    const refused = byName.get("ward.Keyless Log");
    expect(refused).toMatchObject({ status: "refused", identity: "nothing" });
    expect(refused?.statements[0]).toMatchObject({
      ...{ sql: 'ALTER TABLE "ward"."Keyless Log" REPLICA IDENTITY FULL', required: true },
      lock: expect.stringContaining("ACCESS EXCLUSIVE"),
    });
    expect(preparationScript(check)).toMatch(/^SET lock_timeout = '2s';\n/);
    expect(check.statements[0]?.sql).toContain("publish_via_partition_root = true");
  });

  it("leaves a table without identity alone, so that the owner's UPDATE goes on working", async () => {
    const source = postgresSource(options());
    const tables = await source.tables();
    expect(tables.map((t) => t.name)).not.toContain("ward.Keyless Log");
    await sql(url, `INSERT INTO ward."Keyless Log" VALUES ('x')`, `UPDATE ward."Keyless Log" SET a = 'y'`);
  });

  it("applies what it printed", async () => {
    const before = await checkSource(options());
    const done = await applyPreparation(
      url,
      before.tables.flatMap((t) => t.statements),
    );
    expect(done.length).toBeGreaterThan(1);
    const after = await checkSource(options());
    expect(after.tables.map((t) => t.identity)).toEqual(["full", "full", "full", "full"]);
    expect(after.tables.flatMap((t) => t.statements)).toEqual([]);
  });

  it("names what a role lacks", async () => {
    await sql(url, "CREATE ROLE plain LOGIN PASSWORD 'plain-secret'");
    const poor = { ...options(), url: url.replace(/\/\/.*@/, "//plain:plain-secret@") };
    const check = await checkSource(poor);
    expect(check.problems.map((p) => p.code)).toContain("capture/no-replication-right");
    const source = postgresSource({ ...poor, name: "other" });
    await expect(source.tables()).rejects.toMatchObject({
      ...{ code: "capture/no-publication-right", message: expect.stringContaining("CREATE PUBLICATION") },
    });
    const closed = { ...options(), url: url.replace(/:\d+\//, ":1/") };
    const refused = await checkSource(closed).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "capture/cannot-connect" });
    expect(String(refused)).not.toContain("@");
  });
});

describe("making a slot", () => {
  it("gives up after its deadline and names the transaction in the way", async () => {
    const source = postgresSource({ ...options(), slotDeadlineMs: 700 });
    await source.tables();
    const blocker = await connect({ url });
    await blocker.query("BEGIN");
    const { rows } = await blocker.query<{ pid: number }>("SELECT pg_backend_pid() AS pid, pg_current_xact_id()");
    await expect(source.begin(new AbortController().signal)).rejects.toMatchObject({
      ...{ code: "capture/slot-blocked", details: expect.objectContaining({ pid: rows[0]?.pid }) },
    });
    await blocker.query("ROLLBACK");
    expect(await source.slot()).toBeUndefined();
    const snapshot = await source.begin(new AbortController().signal);
    await snapshot.close();
    await source.forget();
    await blocker.end();
  });
});
