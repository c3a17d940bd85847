/** Legal ways of writing that are known to be awkward for snapshots: verify must stay silent all the while. */
import { withClient } from "@anamnesis/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chain } from "./verify-chain.ts";

const TABLES = `
  CREATE TABLE public.patients (id integer PRIMARY KEY, name text);
  CREATE TABLE public.notes (id integer PRIMARY KEY, belongs_to integer REFERENCES public.patients, text text);
  CREATE TABLE public.moves (id integer, ward text, note text, PRIMARY KEY (id, ward)) PARTITION BY LIST (ward);
  CREATE TABLE public.moves_a PARTITION OF public.moves FOR VALUES IN ('a');
  CREATE TABLE public.moves_b PARTITION OF public.moves DEFAULT;
  CREATE TABLE public.bag (device text, value numeric);
  CREATE TABLE public.scratch (id integer PRIMARY KEY, v text);
  ALTER TABLE public.patients REPLICA IDENTITY FULL;
  ALTER TABLE public.notes REPLICA IDENTITY FULL;
  ALTER TABLE public.moves_a REPLICA IDENTITY FULL;
  ALTER TABLE public.moves_b REPLICA IDENTITY FULL;
  ALTER TABLE public.bag REPLICA IDENTITY FULL;
  INSERT INTO public.patients SELECT i, 'p' || i FROM generate_series(1, 5) i;
  INSERT INTO public.notes SELECT i, 1 + i % 5, 'note ' || i FROM generate_series(1, 200) i;
  INSERT INTO public.moves SELECT i, 'a', 'm' FROM generate_series(1, 20) i;
  INSERT INTO public.bag SELECT 'd' || i % 3, 1 FROM generate_series(1, 30) i;`;

const WRITES: readonly ((i: number) => string)[] = [
  (i) =>
    `BEGIN; UPDATE notes SET text = 'a${i}' WHERE id = 1 + ${i} % 200; SAVEPOINT s; DELETE FROM notes WHERE id = 2 + ${i} % 190;
     INSERT INTO notes SELECT 2 + ${i} % 190, 3, 'again' ON CONFLICT DO NOTHING; SAVEPOINT t; DELETE FROM bag; ROLLBACK TO t; RELEASE s; COMMIT`,
  (i) => `SET synchronous_commit = off; UPDATE notes SET belongs_to = 1 + ${i} % 5 WHERE id % 7 = ${i} % 7`,
  (i) => `UPDATE moves SET ward = CASE ward WHEN 'a' THEN 'b' ELSE 'a' END, note = 'n${i}' WHERE id = 1 + ${i} % 20`,
  (i) =>
    `BEGIN; TRUNCATE scratch; INSERT INTO scratch SELECT g, 'v${i}' FROM generate_series(1, 5) g; DELETE FROM scratch WHERE id = 3; COMMIT`,
  (i) =>
    `BEGIN; INSERT INTO bag VALUES ('d1', 1), ('x${i % 3}', ${i % 2}); DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag); COMMIT`,
  (i) => `BEGIN; UPDATE notes SET id = -id WHERE id = 5; UPDATE notes SET id = -id WHERE id = -5; COMMIT; SELECT ${i}`,
  (i) =>
    `INSERT INTO notes VALUES (1 + ${i} % 200, 2, 'up') ON CONFLICT (id) DO UPDATE SET text = excluded.text || '${i}'`,
  (i) => `BEGIN; DELETE FROM notes WHERE id < 50; SELECT pg_sleep(0.02), ${i}; ROLLBACK`,
];

describe("verify stays silent", () => {
  let chain: Chain;
  beforeAll(async () => {
    chain = await Chain.start((url) => withClient({ url }, (c) => c.query(TABLES)));
    await chain.captureOnce();
    chain.startCapture();
  }, 120_000);
  afterAll(() => chain.close());

  const mustBeSilent = async (mode: "cache" | "from-log") => {
    const { altered, missing, unexplained, unvouched } = await chain.verify({ mode });
    expect([...altered, ...missing, ...unexplained, ...unvouched]).toEqual([]);
  };

  it("over savepoints, asynchronous commits, moved rows and keys, truncates, upserts and roll-backs under way", async () => {
    let going = true;
    const writers = WRITES.map((write) =>
      withClient({ url: chain.url }, async (client) => {
        await client.query("SET search_path = public");
        let done = 0;
        for (let i = 0; going; i++) {
          try {
            await client.query(write(i));
            done++;
          } catch {
            await client.query("ROLLBACK"); // a deadlock or a key taken by another: it did not happen
          }
        }
        return done;
      }),
    );
    for (let round = 0; round < 6; round++) await mustBeSilent(round % 2 === 0 ? "cache" : "from-log");
    going = false;
    const done = await Promise.all(writers);
    expect(Math.min(...done)).toBeGreaterThan(3);
    await mustBeSilent("cache");
    await mustBeSilent("from-log");
  }, 120_000);

  it("after a foreign key to patients was dropped, and columns renamed and renamed back", async () => {
    await withClient({ url: chain.url }, async (client) => {
      await client.query("ALTER TABLE public.notes DROP CONSTRAINT notes_belongs_to_fkey");
      await client.query(
        "ALTER TABLE public.notes RENAME belongs_to TO p; ALTER TABLE public.notes RENAME p TO belongs_to",
      );
      await client.query("ALTER TABLE public.bag ADD COLUMN extra text; ALTER TABLE public.bag DROP COLUMN extra");
    });
    await mustBeSilent("cache");
    await mustBeSilent("from-log");
  }, 60_000);
});
