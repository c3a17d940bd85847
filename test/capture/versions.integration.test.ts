/**
 * The whole road on the oldest version that is supported, or on the one that the environment names: the other suites run on
 * the newest. `npm run matrix` runs everything on all of them.
 */
import { checkSource, type VerifyReport, withClient } from "@anamnesis/capture";
import { fillHospital, plant, startWard } from "@anamnesis/sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, startOf, suiteVersions } from "./types/versions.ts";
import { Chain } from "./verify-chain.ts";

const version = suiteVersions.at(-1) ?? 14;
const NAME = `PostgreSQL ${version}`;

const found = (r: VerifyReport): readonly string[] =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched, ...r.erased]
    .map((f) => `${f.kind} ${f.table} ${f.key}`)
    .toSorted();

describe.skipIf(missing(version, NAME))(NAME, () => {
  let chain: Chain;
  let planted: readonly string[] = [];
  const sql = (text: string) => withClient({ url: chain.url }, (client) => client.query(text));

  beforeAll(async () => {
    chain = await Chain.start((url) => fillHospital(url, { patients: 40, seed: "old" }), startOf(version));
  });
  afterAll(() => chain.close());

  it("is what runs", async () => {
    const { rows } = await sql("SHOW server_version_num");
    expect(Math.trunc(Number(rows[0]?.["server_version_num"]) / 10_000)).toBe(version);
  });

  it("needs nothing but what source check says", async () => {
    const check = await checkSource({ url: chain.url, name: "ehr", ...chain.catalog() });
    expect(check.problems).toEqual([]);
    expect(check.tables.length).toBeGreaterThan(8);
    expect(check.tables.filter((t) => t.status !== "captured")).toEqual([]);
  });

  it("raises no false alarm while the ward writes, in either mode", async () => {
    await chain.captureOnce();
    chain.startCapture();
    const ward = startWard({ url: chain.url, seed: "old", writesPerSecond: 60 });
    const written = ward.run(2000);
    expect(found(await chain.verify())).toEqual([]);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
    await written;
    await ward.stop();
    expect(found(await chain.verify())).toEqual([]);
  });

  it("passes a large transaction, a rollback to a savepoint, a truncate and a key change", async () => {
    await sql(
      "CREATE TABLE public.scratch (id int PRIMARY KEY, v text); ALTER TABLE public.scratch REPLICA IDENTITY FULL",
    );
    await chain.stopCapture();
    await chain.captureOnce();
    chain.startCapture();
    await sql("INSERT INTO public.scratch SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i");
    await sql(
      `BEGIN; DELETE FROM public.scratch WHERE id > 10; SAVEPOINT s; DELETE FROM public.scratch; ROLLBACK TO s;
       UPDATE public.scratch SET id = -id WHERE id = 5; COMMIT`,
    );
    expect(found(await chain.verify())).toEqual([]);
    await sql("BEGIN; TRUNCATE public.scratch; INSERT INTO public.scratch VALUES (5, 'back'); COMMIT");
    expect(found(await chain.verify())).toEqual([]);
  });

  it("finds every planted alteration individually, in either mode", async () => {
    const made = await plant({ url: chain.url, publication: chain.publication, seed: "old", count: 60 });
    planted = made.map((p) => `${p.kind} ${p.table} ${p.key}`).toSorted();
    expect(found(await chain.verify())).toEqual(planted);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual(planted);
  });

  it("blesses nothing when capture comes back, with its slot or with a new one", async () => {
    await chain.stopCapture();
    await chain.captureOnce();
    await sql("SELECT pg_catalog.pg_drop_replication_slot('anamnesis_ehr')");
    await chain.captureOnce();
    chain.startCapture();
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual(planted);
  });
});
