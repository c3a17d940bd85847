/** A row that was altered behind capture stays a finding when honest changes of it follow; and honest life makes none. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Finding, type VerifyReport, withClient } from "@anamnesis/capture";
import type { Event } from "@anamnesis/ledger";
import { fillHospital, startWard } from "@anamnesis/sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, open, type Place, place, sql } from "./harness.ts";
import { Chain } from "./verify-chain.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const KILLS = Number(process.env["ANAMNESIS_KILLS"] ?? 6);

const all = (r: VerifyReport): readonly Finding[] => [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched];
const found = (r: VerifyReport) =>
  all(r)
    .map((f) => `${f.kind} ${f.table} ${f.key}${f.contradicted === undefined ? "" : " contradicted"}`)
    .toSorted();

/** Writes that capture never sees: the table is out of the publication for as long as they take. */
const behind = (publication: string, table: string, ...statements: readonly string[]): string =>
  ["BEGIN", `ALTER PUBLICATION ${publication} DROP TABLE ${table}`, ...statements]
    .concat(`ALTER PUBLICATION ${publication} ADD TABLE ${table}`, "COMMIT")
    .join("; ");

describe("an alteration and the honest changes after it", () => {
  let chain: Chain;
  const inPublic = (url: string, text: string) =>
    withClient({ url }, (c) => c.query("SET search_path = public").then(() => c.query(text)));
  const run = (text: string) => inPublic(chain.url, text);
  const alter = (...statements: readonly string[]) => run(behind(chain.publication, "public.people", ...statements));

  beforeAll(async () => {
    const tables = `CREATE TABLE people (id int PRIMARY KEY, name text, ward text, patient_id int);
      ALTER TABLE people REPLICA IDENTITY FULL;
      INSERT INTO people SELECT i, 'n' || i, 'a', i % 7 FROM generate_series(1, 100) i;
      CREATE TYPE mood AS ENUM ('calm', 'sad');
      CREATE TABLE moods (id int PRIMARY KEY, mood mood, v int); ALTER TABLE moods REPLICA IDENTITY FULL;
      INSERT INTO moods SELECT i, 'calm', 0 FROM generate_series(1, 20) i`;
    chain = await Chain.start((url) => inPublic(url, tables));
    await chain.captureOnce();
    chain.startCapture();
  }, 120_000);
  afterAll(() => chain.close());

  const FOUND = ["altered public.people 1 contradicted", "altered public.people 2 contradicted"]
    .concat("altered public.people 3 contradicted", "altered public.people 4 contradicted")
    .concat("altered public.people 6 contradicted", "altered public.people 900 contradicted");

  it("is found in both modes, whether the row was changed, moved, or deleted", async () => {
    await alter(
      "UPDATE people SET name = 'forged' WHERE id IN (1, 2, 3)",
      "UPDATE people SET patient_id = 6 WHERE id = 4",
      "DELETE FROM people WHERE id = 5",
      "UPDATE people SET name = 'x' WHERE id = 6",
      "INSERT INTO people VALUES (900, 'planted', 'a', 1)",
    );
    expect((await chain.verify()).totals).toMatchObject({ altered: 5, missing: 1, unexplained: 1 });
    await run(
      "UPDATE people SET ward = 'b' WHERE id <> 3; UPDATE people SET ward = 'c'; DELETE FROM people WHERE id = 3",
    );
    await run("UPDATE people SET id = 1006 WHERE id = 6");
    const expected = [...FOUND, "missing public.people 5"].toSorted();
    expect(found(await chain.verify())).toEqual(expected);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual(expected);
    expect(found(await chain.verify({ table: "public.people", key: "1" }))).toEqual([FOUND[0]]);
    expect(found(await chain.verify({ table: "public.people", key: "3" }))).toEqual([FOUND[2]]);
    expect(found(await chain.verify({ table: "public.people", key: "10" }))).toEqual([]);
  });

  it("stays found when the row is altered once more, as one finding", async () => {
    await alter("UPDATE people SET name = 'again' WHERE id = 1");
    const report = await chain.verify();
    expect(found(report).filter((f) => f.includes(" 1 "))).toEqual([FOUND[0]]);
    expect(report.totals.altered).toBe(6);
  });

  it("ends with a reason", async () => {
    const { requests } = chain.progress;
    const id = requests.ask({ table: "public.people", key: null, reason: "REPAIRED" });
    while (requests.answer(id) === undefined) await sleep(50);
    const report = await chain.verify();
    expect(found(report)).toEqual([]);
    expect(report.accepted.rows.map((r) => r.key).toSorted()).toEqual(["1", "2", "3", "4", "5", "6", "900"]);
    await run("UPDATE people SET ward = 'd'");
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
  });

  it("is found where the next change fills a column that was only just added", async () => {
    await alter("UPDATE people SET name = 'forged' WHERE id = 7");
    await run("ALTER TABLE people ADD COLUMN filled int; UPDATE people SET filled = 2 * id");
    const expected = ["altered public.people 7 contradicted"];
    expect(found(await chain.verify())).toEqual(expected);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual(expected);
    const { requests } = chain.progress;
    const id = requests.ask({ table: "public.people", key: "7", reason: "REPAIRED" });
    while (requests.answer(id) === undefined) await sleep(50);
    expect(found(await chain.verify())).toEqual([]);
  });

  it("is no alarm where a label was renamed, columns changed, or the table was emptied", async () => {
    await run("ALTER TYPE mood RENAME VALUE 'calm' TO 'quiet'");
    await run("UPDATE moods SET v = 1 WHERE id < 10");
    await run("ALTER TABLE people ADD COLUMN more int DEFAULT 5; UPDATE people SET ward = 'e' WHERE id < 50");
    await run(
      "BEGIN; TRUNCATE people; INSERT INTO people VALUES (1, 'new', 'a', 1); UPDATE people SET ward = 'b'; COMMIT",
    );
    await run(
      "UPDATE people SET id = 2; INSERT INTO people VALUES (1, 'n', 'b', 2); UPDATE people SET id = 3 WHERE id = 2",
    );
    expect(found(await chain.verify())).toEqual([]);
    await run("UPDATE moods SET v = 2; DELETE FROM people");
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
  });
});

describe("a ward at work", () => {
  it("contradicts nothing", async () => {
    const chain = await Chain.start((url) => fillHospital(url, { patients: 60, seed: "contradicted" }));
    chain.startCapture();
    const ward = startWard({ url: chain.url, seed: "contradicted", writesPerSecond: 200 });
    await ward.run(4000);
    await ward.stop();
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
    expect(chain.index.contradicted().size).toBe(0);
    await chain.close();
  }, 120_000);
});

describe("a capture that is killed again and again", () => {
  let at: Place;
  beforeAll(async () => {
    at = await place();
    await sql(
      at.postgres.url,
      "CREATE SCHEMA ward",
      "CREATE TABLE ward.patients (id int PRIMARY KEY, name text, n int)",
      "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
      "INSERT INTO ward.patients SELECT i, 'n', 0 FROM generate_series(1, 2000) i",
    );
  }, 60_000);
  afterAll(() => at.remove());

  it("tells each alteration once, and nothing else", async () => {
    const { url } = at.postgres;
    const dir = join(at.dir, "case");
    const first = await open(dir, url, { include: ["ward.*"] });
    await first.catchUp();
    await first.close();
    const forged: number[] = [];
    for (let i = 0; i < KILLS; i++) {
      const child = spawn(process.execPath, [CHILD, dir, url], { stdio: ["ignore", "pipe", "inherit"] });
      if (i % 3 !== 0) await once(child.stdout ?? child, "data");
      for (let n = 0; n < 20; n++) {
        const id = 1 + ((i * 20 + n) % 1000);
        forged.push(id);
        await sql(
          url,
          behind("anamnesis_ehr", "ward.patients", `UPDATE ward.patients SET name = 'x${i}' WHERE id = ${id}`),
          `UPDATE ward.patients SET n = n + 1 WHERE id IN (${id}, ${id + 1000})`,
          `UPDATE ward.patients SET n = n + 1 WHERE id = ${id}`,
        );
      }
      await sleep(Math.random() * 60);
      await killed(child);
    }
    const bench = await open(dir, url, { include: ["ward.*"] });
    await bench.catchUp();
    const told = eventsOf(await bench.events(), "ward.patients").filter((e: Event) => e.kind === "contradicted");
    expect(told).toHaveLength(forged.length);
    expect(bench.index.contradicted().size).toBe(new Set(forged).size);
    await bench.close();
  }, 180_000);
});

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}
