/** The stream describes each partition of a captured root: that is no news to capture, and ends no session. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Bench, eventsOf, open, type Place, place, sql } from "./harness.ts";

const PARTITIONS = 20;
const months = Array.from({ length: PARTITIONS }, (_, i) => i);

let at: Place;
let url: string;
let bench: Bench;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
  await sql(
    url,
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.plain (id int PRIMARY KEY)",
    "CREATE TABLE ward.obs (month int, id int, PRIMARY KEY (month, id)) PARTITION BY LIST (month)",
    `CREATE TABLE ward.obs_late PARTITION OF ward.obs DEFAULT PARTITION BY LIST (month)`,
    ...months.map((m) => `CREATE TABLE ward.obs_${m} PARTITION OF ${rootOf(m)} FOR VALUES IN (${m})`),
    "CREATE TABLE ward.log (id int PRIMARY KEY)",
  );
  await postgresPublishes("ward.*");
}, 120_000);
afterAll(async () => {
  await bench.close();
  await at.remove();
});

/** The last ones lie below a partition that is itself partitioned. */
const rootOf = (month: number): string => (month < PARTITIONS - 5 ? "ward.obs" : "ward.obs_late");

/** First with everything, then without `ward.log`, which stays in the publication. */
async function postgresPublishes(include: string): Promise<void> {
  const first = await open(at.dir, url, { include: [include] });
  await first.catchUp();
  await first.close();
  bench = await open(at.dir, url, { include: [include], exclude: ["ward.log"] });
}

/** How many sessions it takes to capture what the statement does. */
async function sessions(statement: string): Promise<number> {
  const stream = vi.spyOn(bench.source, "stream");
  try {
    await sql(url, statement);
    await bench.catchUp();
    return stream.mock.calls.length;
  } finally {
    stream.mockRestore();
  }
}

it("captures all of them in the sessions that a plain table takes", async () => {
  const plain = await sessions("INSERT INTO ward.plain VALUES (1)");
  expect(await sessions(`INSERT INTO ward.obs SELECT m, 1 FROM generate_series(0, ${PARTITIONS - 1}) m`)).toBe(plain);
  expect(eventsOf(await bench.events(), "ward.obs").filter((e) => e.kind === "create")).toHaveLength(PARTITIONS);
  expect(await sessions("INSERT INTO ward.log VALUES (1)")).toBe(plain);
  expect(eventsOf(await bench.events(), "ward.log").filter((e) => e.kind === "create")).toEqual([]);
}, 180_000);

it("captures what a new partition holds, and what is written once one is detached", async () => {
  await sql(url, "CREATE TABLE ward.obs_new PARTITION OF ward.obs FOR VALUES IN (99)");
  await sessions("INSERT INTO ward.obs VALUES (99, 1)");
  expect(eventsOf(await bench.events(), "ward.obs").filter((e) => e.kind === "create")).toHaveLength(PARTITIONS + 1);
  await sessions("ALTER TABLE ward.obs DETACH PARTITION ward.obs_0");
  await sessions("INSERT INTO ward.obs_0 VALUES (0, 2)");
  expect(eventsOf(await bench.events(), "ward.obs_0").filter((e) => e.kind === "create")).toHaveLength(1);
}, 180_000);
