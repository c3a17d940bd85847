/** Verify on a real PostgreSQL with capture and ledger at work. */
import { copyFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openRowIndex, patient, readTables, rowHistory, type VerifyReport, withClient } from "@anamnesis/capture";
import { native } from "@anamnesis/crypto/native";
import { fillHospital, type Planted, plant, startWard } from "@anamnesis/sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chain } from "./verify-chain.ts";

const found = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched, ...r.erased]
    .map((f) => `${f.kind} ${f.table} ${f.key}`)
    .toSorted();
const named = (planted: readonly Planted[]) => planted.map((p) => `${p.kind} ${p.table} ${p.key}`).toSorted();

let chain: Chain;
const sql = (text: string, values: unknown[] = []) => withClient({ url: chain.url }, (c) => c.query(text, values));

describe("verify beside a working hospital", () => {
  let planted: Planted[] = [];

  beforeAll(async () => {
    chain = await Chain.start((url) => fillHospital(url, { patients: 60, seed: "verify" }));
    await chain.captureOnce();
  }, 120_000);
  afterAll(() => chain.close());

  it("raises no false alarm while the ward writes", async () => {
    chain.startCapture();
    const ward = startWard({ url: chain.url, seed: "verify", writesPerSecond: 50 });
    const written = ward.run(3000);
    for (let i = 0; i < 6; i++) {
      const report = await chain.verify({ mode: i === 3 ? "from-log" : "cache" });
      expect(found(report)).toEqual([]);
      expect(report.rows).toBeGreaterThan(1000);
    }
    await written;
    await ward.stop();
    expect(found(await chain.verify())).toEqual([]);
  });

  it("finds every planted alteration individually, by table, key and kind, while the ward goes on", async () => {
    const ward = startWard({ url: chain.url, seed: "more", writesPerSecond: 40 });
    planted = await plant({ url: chain.url, publication: chain.publication, seed: "insider", count: 60 });
    const written = ward.run(1500);
    expect(found(await chain.verify())).toEqual(named(planted));
    await written;
    await ward.stop();
    const report = await chain.verify({ mode: "from-log" });
    expect(found(report)).toEqual(named(planted));
    expect(report).toMatchObject({ mode: "from-log" });
    expect(report.altered.every((f) => f.lastEvent !== null)).toBe(true);
    expect(report.unattributed).toBeGreaterThan(0);
  });

  it("verifies one planted row alone, and an honest one", async () => {
    const seen = new Set<string>();
    for (const { table, key, kind, what } of planted) {
      if (seen.has(`${table} ${kind}`)) continue;
      seen.add(`${table} ${kind}`);
      const report = await chain.verify({ table, key });
      expect(found(report), what).toContain(`${kind} ${table} ${key}`);
    }
    const [honest] = (await sql("SELECT max(id)::text AS id FROM public.practitioners")).rows as { id: string }[];
    expect(found(await chain.verify({ table: "public.practitioners", key: honest?.id ?? "" }))).toEqual([]);
  });

  it("prints the life of a row with proofs", async () => {
    const [table] = (await withClient({ url: chain.url }, (c) => readTables(c, chain.catalog()))).filter(
      (t) => t.name === "public.practitioners",
    );
    if (table === undefined) throw new Error("no such table");
    const [row] = (await sql("SELECT min(id)::text AS id FROM public.practitioners")).rows as { id: string }[];
    const key = row?.id ?? "";
    await sql("UPDATE public.practitioners SET name = name || ' jr.' WHERE id::text = $1", [key]);
    await chain.verify({ table: table.name, key });
    const { handles, sealers } = chain;
    const history = await rowHistory({
      log: chain.engine,
      index: chain.index,
      primitives: native,
      handles,
      sealers,
      table,
      key,
    });
    expect(history.events.map((e) => e.kind)).toEqual(["baseline", "update"]);
    expect(history.events.every((e) => e.actor === null && e.inclusion.length > 3)).toBe(true);
  });
});

describe("what only happens once", () => {
  const TABLES = `
    CREATE TABLE public.patients (id integer PRIMARY KEY, name text);
    CREATE TABLE public.notes (id integer PRIMARY KEY, patient_id integer REFERENCES public.patients, text text, n numeric);
    CREATE TABLE public.device_log (device text, value numeric);
    ALTER TABLE public.patients REPLICA IDENTITY FULL;
    ALTER TABLE public.notes REPLICA IDENTITY FULL;
    ALTER TABLE public.device_log REPLICA IDENTITY FULL;
    INSERT INTO public.patients SELECT i, 'p' || i FROM generate_series(1, 5) i;
    INSERT INTO public.notes SELECT i, 1 + i % 5, E'line\\tone\\nline two \\\\ ' || i, i / 10.0 FROM generate_series(1, 100) i;
    INSERT INTO public.device_log VALUES ('a', 1), ('a', 1), ('a', 1.0), (NULL, 2), ('', 2);`;

  beforeAll(async () => {
    chain = await Chain.start((url) => withClient({ url }, (c) => c.query(TABLES)));
    await chain.captureOnce();
    chain.startCapture();
  }, 120_000);
  afterAll(() => chain.close());

  const behind = (write: string) =>
    sql(`BEGIN; ALTER PUBLICATION ${chain.publication} DROP TABLE public.notes; ${write};
         ALTER PUBLICATION ${chain.publication} ADD TABLE public.notes; COMMIT`);

  it("sees deletes, truncates and multisets as they are", async () => {
    await sql("DELETE FROM public.notes WHERE id = 1");
    await sql("DELETE FROM public.device_log WHERE ctid = (SELECT min(ctid) FROM public.device_log)");
    await sql("INSERT INTO public.device_log VALUES ('b', 3), ('b', 3)");
    expect(found(await chain.verify())).toEqual([]);
    await sql("TRUNCATE public.device_log");
    await sql("INSERT INTO public.device_log VALUES ('b', 3)");
    expect(found(await chain.verify())).toEqual([]);
  });

  it("is not deceived by a truncate beside its snapshot", async () => {
    const during = [];
    for (let i = 0; i < 10; i++) {
      during.push(sql("TRUNCATE public.device_log; INSERT INTO public.device_log VALUES ('c', 4)"));
      expect(found(await chain.verify())).toEqual([]);
    }
    await Promise.all(during);
  });

  it("is fooled by a rolled-back cache, but not from the log", async () => {
    const [old] = (await sql("SELECT text FROM public.notes WHERE id = 7")).rows as { text: string }[];
    await chain.verify();
    await chain.stopCapture();
    chain.index.close();
    copyFileSync(chain.indexPath, `${chain.indexPath}.yesterday`);
    chain.index = openRowIndex(chain.indexPath, { source: "ehr" });
    chain.startCapture();
    await sql("UPDATE public.notes SET text = 'the truth' WHERE id = 7");
    await chain.verify();
    await behind(`UPDATE public.notes SET text = (SELECT '${old?.text.replaceAll("'", "''") ?? ""}') WHERE id = 7`);
    expect(found(await chain.verify())).toEqual(["altered public.notes 7"]);
    await chain.stopCapture();
    const applied = chain.index.appliedTo();
    chain.index.close();
    for (const end of ["-wal", "-shm"]) rmSync(`${chain.indexPath}${end}`, { force: true });
    copyFileSync(`${chain.indexPath}.yesterday`, chain.indexPath);
    const db = new DatabaseSync(chain.indexPath);
    db.prepare("UPDATE meta SET value = ? WHERE name = 'applied'").run(applied);
    db.close();
    chain.index = openRowIndex(chain.indexPath, { source: "ehr" });
    chain.startCapture();
    const fooled = await chain.verify({ mode: "cache" });
    expect([found(fooled), fooled.mode]).toEqual([[], "cache"]);
    const checked = await chain.verify({ mode: "from-log" });
    expect([found(checked), checked.mode]).toEqual([["altered public.notes 7"], "from-log"]);
    await sql("UPDATE public.notes SET text = 'settled' WHERE id = 7");
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
  });

  it("calls rows of an erased patient erased", async () => {
    chain.keys.destroy(patient("2"));
    const report = await chain.verify();
    const [n] = (await sql("SELECT count(*)::int AS n FROM public.notes WHERE patient_id = 2")).rows as { n: number }[];
    expect(report.erased).toHaveLength((n?.n ?? 0) + 1);
    expect(found(report).every((f) => f.startsWith("erased"))).toBe(true);
  });

  it("goes through the rows again after ALTER TABLE", async () => {
    await sql("ALTER TABLE public.device_log ADD COLUMN unit text");
    await sql("INSERT INTO public.device_log VALUES ('d', 5, 'ml')");
    const report = await chain.verify({ table: "public.device_log" });
    expect(found(report)).toEqual([]);
  });
});

describe("what is not captured, and keys that name nothing", () => {
  const TABLES = `
    CREATE TABLE public.parent (id bigint PRIMARY KEY, name text);
    CREATE TABLE public.visits (id integer, day date, note text, PRIMARY KEY (id, day));
    CREATE TABLE public.nokey (v text);
    CREATE UNLOGGED TABLE public.quick (id integer PRIMARY KEY);
    INSERT INTO public.parent SELECT i, 'p' || i FROM generate_series(1, 9) i;
    INSERT INTO public.visits VALUES (1, '2024-05-01', 'x');
    INSERT INTO public.nokey VALUES ('n');
    INSERT INTO public.quick VALUES (1);`;
  const notCovered = [
    { table: "public.nokey", why: "no-identity" },
    { table: "public.quick", why: "unlogged" },
  ];

  beforeAll(async () => {
    chain = await Chain.start((url) => withClient({ url }, (c) => c.query(TABLES)));
    await chain.captureOnce();
    chain.startCapture();
  }, 120_000);
  afterAll(() => chain.close());

  it("names tables without identity and unlogged ones, not temporary ones", async () => {
    await withClient({ url: chain.url }, async (client) => {
      await client.query("CREATE TEMP TABLE passing (id integer)");
      const report = await chain.verify();
      expect([found(report), report.notCovered, report.rows]).toEqual([[], notCovered, 10]);
    });
  });

  it("refuses keys that are no values, and keys that name no row", async () => {
    const one = (table: string, key: string) => chain.verify({ table, key });
    for (const key of ["x", "99999999999999999999", ""]) {
      await expect(one("public.parent", key)).rejects.toMatchObject({ code: "capture/malformed-key" });
    }
    for (const key of ["1|yesterdayish", "1|2024-13-41", "x|2024-05-01", "1"]) {
      await expect(one("public.visits", key)).rejects.toMatchObject({ code: "capture/malformed-key" });
    }
    await expect(one("public.parent", "777")).rejects.toMatchObject({ code: "capture/unknown-row" });
    expect((await one("public.visits", "1|2024-05-01")).rows).toBe(1);
  });

  it("takes in a new table while capture runs", async () => {
    await sql("CREATE TABLE public.fresh (id integer PRIMARY KEY)");
    await sql("INSERT INTO public.fresh VALUES (1), (2)");
    for (const mode of ["cache", "from-log"] as const) {
      const report = await chain.verify({ mode });
      expect([found(report), report.notCovered, report.rows]).toEqual([[], notCovered, 12]);
    }
  });

  it("still compares a table row by row whose identity was taken away", async () => {
    await sql("ALTER TABLE public.parent REPLICA IDENTITY NOTHING");
    await sql(`ALTER PUBLICATION ${chain.publication} DROP TABLE public.parent`);
    await sql("UPDATE public.parent SET name = 'forged' WHERE id = 3");
    await sql("DELETE FROM public.parent WHERE id = 4");
    const expected = ["altered public.parent 3", "missing public.parent 4", "unvouched public.parent *"];
    for (const mode of ["cache", "from-log"] as const) {
      expect(found(await chain.verify({ mode }))).toEqual(expected);
      expect(found(await chain.verify({ mode, table: "public.parent" }))).toEqual(expected);
    }
    expect(found(await chain.verify({ table: "public.parent", key: "4" }))).toEqual(["missing public.parent 4"]);
  });

  it("does not lose sight of a table that became unlogged", async () => {
    await sql("ALTER TABLE public.parent SET UNLOGGED");
    const report = await chain.verify();
    expect(report.notCovered).toContainEqual({ table: "public.parent", why: "unlogged" });
    expect(found(report)).toContain("altered public.parent 3");
  });
});
