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
    expect(byName.get("ward.patients")).toMatchObject({ identity: "key", largeColumns: ["name"] });
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
    const codes = ["capture/no-replication-right", "capture/no-read-right", "capture/no-publication-right"];
    expect(check.problems.map((p) => p.code)).toEqual(expect.arrayContaining(codes));
    expect(check.tables.map((t) => t.status)).toEqual(["forbidden", "forbidden", "forbidden", "forbidden"]);
    expect(check.tables[0]?.statements[0]).toMatchObject({
      sql: expect.stringContaining('TO "plain"'),
      required: true,
    });
    expect(check.statements.map((s) => s.required)).toEqual([true]);
    const source = postgresSource({ ...poor, name: "other" });
    await expect(source.tables()).rejects.toMatchObject({
      ...{ code: "capture/no-publication-right", message: expect.stringContaining("CREATE PUBLICATION") },
    });
    const wrong = [
      [poor.url.replace("plain-secret", "geheim"), "28P01", "password"],
      [url.replace(/\/[^/?]+(\?|$)/, "/nowhere$1"), "3D000", "no database of the name"],
      [`${url}${url.includes("?") ? "&" : "?"}sslmode=require`, undefined, "no TLS"],
    ] as const;
    for (const [address, reason, words] of wrong) {
      const error: unknown = await checkSource({ ...options(), url: address }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "capture/cannot-connect", message: expect.stringContaining(words) });
      expect(error).toHaveProperty("details", reason === undefined ? {} : { reason });
      expect(String(error)).not.toMatch(/geheim|plain|nowhere/);
    }
    const closed = { ...options(), url: url.replace(/:\d+\//, ":1/") };
    const refused = await checkSource(closed).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "capture/cannot-connect" });
    expect(String(refused)).not.toContain("@");
  });
});

describe("a published table that loses its key", () => {
  const lost = () => ({ ...options(), name: "lost", include: ["lost.*"] });
  const update = () => sql(url, "UPDATE lost.b SET v = coalesce(v, '') || 'x'");
  const loseKey = () => sql(url, "ALTER TABLE lost.b DROP CONSTRAINT b_pkey");

  beforeAll(async () => {
    await sql(
      url,
      "CREATE SCHEMA lost",
      "CREATE TABLE lost.a (id int PRIMARY KEY)",
      "CREATE TABLE lost.b (id int PRIMARY KEY, v text)",
      "INSERT INTO lost.b VALUES (1)",
    );
    await postgresSource(lost()).tables();
    await loseKey();
  });

  it("is a problem with its SQL, which makes the owner's UPDATE work again", async () => {
    await expect(update()).rejects.toThrow();
    const check = await checkSource(lost());
    expect(check.ready).toBe(false);
    expect(check.problems).toMatchObject([
      { code: "capture/table-refused", message: expect.stringContaining("lost.b is published") },
    ]);
    const drop = { sql: 'ALTER PUBLICATION "anamnesis_lost" DROP TABLE "lost"."b"', required: true };
    expect(check.statements).toMatchObject([drop]);
    await applyPreparation(url, check.statements);
    await update();
    expect((await checkSource(lost())).problems).toEqual([]);
  });

  it("is taken out by capture itself at its start", async () => {
    await sql(url, "ALTER TABLE lost.b ADD PRIMARY KEY (id)");
    await postgresSource(lost()).tables();
    await loseKey();
    await expect(update()).rejects.toThrow();
    expect((await postgresSource(lost()).tables()).map((t) => t.name)).toEqual(["lost.a"]);
    await update();
  });

  it("is taken out although no other table is left to capture", async () => {
    await sql(url, "ALTER TABLE lost.b ADD PRIMARY KEY (id)", "DROP TABLE lost.a");
    await postgresSource(lost()).tables();
    await loseKey();
    await expect(postgresSource(lost()).tables()).rejects.toMatchObject({ code: "capture/no-tables" });
    await update();
    await sql(url, "DROP PUBLICATION anamnesis_lost");
  });

  it("says what the slot costs, and gives no count where none was taken", async () => {
    await sql(url, "CREATE TABLE lost.fresh (id int)", "INSERT INTO lost.fresh VALUES (1)");
    const fresh = async () => (await checkSource(lost())).tables.find((t) => t.name === "lost.fresh")?.rows;
    expect(await fresh()).toBeNull();
    await sql(url, "ANALYZE lost.fresh");
    expect(await fresh()).toBe(1);
    expect((await checkSource(lost())).walKept).toMatch(/^(-1|\d+[kMGT]?B)$/);
  });
});

describe("tables whose owner's UPDATE publishing would break", () => {
  const strict = () => ({ ...options(), name: "strict", include: ["strict.*"] });
  /** Virtual generated columns came with 18. */
  let virtual: readonly string[] = [];
  let names: readonly string[] = [];

  beforeAll(async () => {
    virtual = at.postgres.version < 18 ? [] : ["virtual_full", "virtual_key"];
    names = ["deferred", "parts", "plain", ...virtual];
    await sql(
      url,
      "CREATE SCHEMA strict",
      "CREATE TABLE strict.deferred (id int PRIMARY KEY DEFERRABLE, v text)",
      "CREATE TABLE strict.plain (id int PRIMARY KEY, v text)",
      ...virtual.flatMap((t) => [
        `CREATE TABLE strict.${t} (id int PRIMARY KEY, w int GENERATED ALWAYS AS (id * 2) VIRTUAL, v text)`,
        `ALTER TABLE strict.${t} REPLICA IDENTITY ${t === "virtual_full" ? "FULL" : "DEFAULT"}`,
      ]),
      "CREATE TABLE strict.parts (id int PRIMARY KEY, v text) PARTITION BY LIST (id)",
      "CREATE TABLE strict.part_1 PARTITION OF strict.parts FOR VALUES IN (1)",
      "CREATE UNIQUE INDEX part_1_other ON strict.part_1 (id)",
      "ALTER TABLE strict.part_1 REPLICA IDENTITY USING INDEX part_1_other",
      "DROP INDEX strict.part_1_other",
      ...names.map((t) => `INSERT INTO strict.${t} (id) VALUES (1)`),
    );
  });
  const update = (table: string) => sql(url, `UPDATE strict.${table} SET v = coalesce(v, '') || 'x'`);

  it("are refused, and FULL is not advised where it would break them", async () => {
    const byName = new Map((await checkSource(strict())).tables.map((t) => [t.name, t]));
    expect(byName.get("strict.deferred")).toMatchObject({ identity: "nothing", key: [] });
    expect(byName.get("strict.parts")).toMatchObject({ identity: "nothing" });
    if (virtual.length === 0) return;
    expect(byName.get("strict.virtual_key")).toMatchObject({ identity: "key", statements: [] });
    expect(byName.get("strict.virtual_full")).toMatchObject({
      ...{ identity: "nothing", why: expect.stringContaining("virtual generated column") },
      statements: [{ sql: 'ALTER TABLE "strict"."virtual_full" REPLICA IDENTITY DEFAULT', required: true }],
    });
  });

  it("can be updated while capture runs, before and after the advice is followed", async () => {
    await postgresSource(strict()).tables();
    for (const table of names) await update(table);
    await applyPreparation(
      url,
      (await checkSource(strict())).tables.flatMap((t) => t.statements),
    );
    const after = await checkSource(strict());
    expect(after.tables.map((t) => [t.name, t.identity])).toEqual([
      ["strict.deferred", "full"],
      ["strict.parts", "full"],
      ["strict.plain", "full"],
      ...virtual.map((t) => [`strict.${t}`, "key"]),
    ]);
    await postgresSource(strict()).tables();
    for (const table of names) await update(table);
    await sql(url, "DROP PUBLICATION anamnesis_strict");
  });
});

describe("tables that are not in the database's log", () => {
  const quick = (exclude: readonly string[] = []) => ({ ...options(), name: "quick", include: ["quick.*"], exclude });

  beforeAll(() =>
    sql(
      url,
      "CREATE SCHEMA quick",
      "CREATE TABLE quick.kept (id int PRIMARY KEY)",
      "ALTER TABLE quick.kept REPLICA IDENTITY FULL",
      "CREATE UNLOGGED TABLE quick.child (v text) INHERITS (quick.kept)",
      "CREATE UNLOGGED TABLE quick.alone (id int PRIMARY KEY)",
      "CREATE TABLE quick.parts (id int PRIMARY KEY) PARTITION BY LIST (id)",
      "CREATE TABLE quick.part_1 PARTITION OF quick.parts FOR VALUES IN (1)",
      "CREATE UNLOGGED TABLE quick.part_2 PARTITION OF quick.parts FOR VALUES IN (2)",
      "CREATE TEMP TABLE passing (id int)",
    ),
  );

  it("are named, and no statement is about them", async () => {
    const check = await checkSource(quick());
    expect(check.unlogged).toEqual(["quick.alone", "quick.child", "quick.part_2"]);
    expect(check.tables.map((t) => t.name)).toEqual(["quick.kept", "quick.parts"]);
    expect(check.problems).toEqual([]);
    expect(check.statements).toHaveLength(1);
    expect(preparationScript(check)).not.toMatch(/alone|child/);
  });

  it("are not named where they are not wanted; a partition counts as its table", async () => {
    const check = await checkSource(quick(["quick.alone", "quick.parts"]));
    expect(check.unlogged).toEqual(["quick.child"]);
  });

  it("can be captured after SET LOGGED", async () => {
    await sql(url, "ALTER TABLE quick.alone SET LOGGED");
    const check = await checkSource(quick());
    expect(check.unlogged).toEqual(["quick.child", "quick.part_2"]);
    expect(check.tables.map((t) => t.name)).toContain("quick.alone");
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
