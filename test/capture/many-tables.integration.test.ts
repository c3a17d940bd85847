/** A database of many small tables: what verification does for each of them must not be a wait. */
import { openPostgresVerify, type VerifySource, withClient } from "@anamnesis/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chain } from "./verify-chain.ts";

const TABLES = 150;

let chain: Chain;

beforeAll(async () => {
  chain = await Chain.start(async (url) => {
    await withClient({ url }, async (client) => {
      await client.query("CREATE SCHEMA many");
      for (let i = 0; i < TABLES; i++) {
        await client.query(`CREATE TABLE many.t${i} (id int PRIMARY KEY, v text)`);
        await client.query(`INSERT INTO many.t${i} VALUES (1, 'v')`);
      }
    });
  });
  chain.startCapture();
}, 120_000);
afterAll(() => chain.close());

/** Counts markers and snapshots. */
async function counting(): Promise<{ readonly source: VerifySource; readonly counts: Counts }> {
  const source = await openPostgresVerify({ url: chain.url, catalog: chain.catalog() });
  const counts: Counts = { barriers: 0, single: 0 };
  return {
    counts,
    source: {
      tables: () => source.tables(),
      coverage: (name) => source.coverage(name),
      openSmall: async (tables) => source.openSmall?.(tables),
      open(table) {
        counts.single++;
        return source.open(table);
      },
      barrier(token) {
        counts.barriers++;
        return source.barrier(token);
      },
      close: () => source.close(),
    },
  };
}

interface Counts {
  barriers: number;
  single: number;
}

async function verify(): Promise<{ readonly counts: Counts; readonly found: readonly string[] }> {
  const { source, counts } = await counting();
  try {
    const { altered, missing, unexplained, unvouched } = await chain.verify({ source });
    return { counts, found: [...altered, ...missing, ...unexplained, ...unvouched].map((f) => `${f.table} ${f.key}`) };
  } finally {
    await source.close();
  }
}

describe("many small tables", () => {
  it("share snapshots and markers, and every row is compared", async () => {
    const { counts, found } = await verify();
    expect(found).toEqual([]);
    expect(counts.single).toBeLessThan(10);
    expect(counts.barriers).toBeLessThan(20);
  });

  it("are compared one by one where one of them is held by somebody, and waited for", async () => {
    const held = Promise.withResolvers<void>();
    const holder = withClient({ url: chain.url }, async (client) => {
      await client.query("BEGIN; LOCK TABLE many.t77 IN ACCESS EXCLUSIVE MODE");
      held.resolve();
      await client.query("SELECT pg_sleep(1); COMMIT");
    });
    await held.promise;
    const { counts, found } = await verify();
    await holder;
    expect(found).toEqual([]);
    expect(counts.single).toBeGreaterThan(10);
  });

  it("do not hide a row that was altered behind capture", async () => {
    await withClient({ url: chain.url }, (client) =>
      client.query(`BEGIN; ALTER PUBLICATION anamnesis_ehr DROP TABLE many.t42; UPDATE many.t42 SET v = 'forged';
                    ALTER PUBLICATION anamnesis_ehr ADD TABLE many.t42; COMMIT`),
    );
    const { found } = await verify();
    expect(found).toEqual(["many.t42 1"]);
  });
});
