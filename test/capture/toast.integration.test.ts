/** Tables with key identity: the server leaves unchanged large values out of updates. */
import { rmSync } from "node:fs";
import { openDigestStore } from "@anamnesis/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "./harness.ts";
import { Chain } from "./verify-chain.ts";

const LARGE = (seed: string, chars: number) =>
  `(SELECT string_agg(md5(${seed} || g::text), '') FROM generate_series(1, ${Math.ceil(chars / 32)}) g)`;

let chain: Chain;

beforeAll(async () => {
  chain = await Chain.start(async (url) => {
    await sql(
      url,
      "CREATE SCHEMA ward",
      "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
      `CREATE TABLE ward.reports (id int PRIMARY KEY, patient_id int REFERENCES ward.patients, n int,
         external text, compressed text, note text)`,
      "ALTER TABLE ward.reports ALTER external SET STORAGE EXTERNAL",
      "INSERT INTO ward.patients SELECT i, 'n' || i FROM generate_series(1, 20) i",
      `INSERT INTO ward.reports SELECT i, i, 0, ${LARGE("'e' || i", 100_000)}, repeat('word ' || i || ' ', 150000), 'short'
         FROM generate_series(1, 20) i`,
      // Many small fields: together too large for a page, each far below what is replaced by a digest.
      `CREATE TABLE ward.wide (id int PRIMARY KEY, n int, ${Array.from({ length: 60 }, (_, i) => `c${i} text`).join(", ")},
         list int[])`,
      `INSERT INTO ward.wide SELECT i, 0, ${Array.from({ length: 60 }, (_, c) => `md5('${c}' || i) || md5(i || '${c}')`).join(", ")},
         ARRAY[1, i] FROM generate_series(1, 10) i`,
    );
  });
  await chain.captureOnce();
  chain.startCapture();
});
afterAll(() => chain.close());

const findings = async (mode: "cache" | "from-log" = "cache") => {
  const { altered, missing, unexplained, unvouched } = await chain.verify({ mode });
  return [...altered, ...missing, ...unexplained, ...unvouched].map((f) => `${f.kind} ${f.table} ${f.key}`).toSorted();
};

/** As an insider would: the table is out of the publication for the length of one transaction. */
const behind = (table: string, statement: string) =>
  sql(
    chain.url,
    `BEGIN; ALTER PUBLICATION ${chain.publication} DROP TABLE ${table}; ${statement};
     ALTER PUBLICATION ${chain.publication} ADD TABLE ${table}; COMMIT`,
  );

describe("updates that leave large values alone", () => {
  it("are vouched for, once and again, stored apart as they are or compressed, wide rows too", async () => {
    expect(await findings()).toEqual([]);
    for (let round = 0; round < 3; round++) {
      await sql(
        chain.url,
        "UPDATE ward.reports SET n = n + 1",
        "UPDATE ward.reports SET note = 'note ' || n WHERE id % 2 = 0",
        "UPDATE ward.wide SET n = n + 1",
        "UPDATE ward.wide SET c7 = md5(c7) WHERE id = 3",
      );
      expect(await findings()).toEqual([]);
    }
    await sql(chain.url, `UPDATE ward.reports SET external = ${LARGE("'new'", 90_000)} WHERE id = 4`);
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1 WHERE id = 4");
    await sql(
      chain.url,
      "UPDATE ward.reports SET compressed = NULL WHERE id = 5",
      "UPDATE ward.reports SET n = 9 WHERE id = 5",
    );
    expect(await findings("from-log")).toEqual([]);
  });

  it("keep their digests when the key changes, in one transaction and over several", async () => {
    await sql(
      chain.url,
      "UPDATE ward.reports SET id = 1006, n = 7 WHERE id = 6",
      "UPDATE ward.reports SET n = 8 WHERE id = 1006",
    );
    await sql(
      chain.url,
      "BEGIN; UPDATE ward.reports SET n = 1 WHERE id = 7; UPDATE ward.reports SET id = 1007 WHERE id = 7; COMMIT",
    );
    await sql(
      chain.url,
      "DELETE FROM ward.reports WHERE id = 8",
      "INSERT INTO ward.reports VALUES (8, 8, 0, 'x', 'y', 'z')",
    );
    await sql(chain.url, "UPDATE ward.reports SET n = 4 WHERE id = 8");
    expect(await findings()).toEqual([]);
  });

  it("do not hide what was done to the large values behind capture", async () => {
    await behind(
      "ward.reports",
      "UPDATE ward.reports SET external = (SELECT external FROM ward.reports WHERE id = 2) WHERE id = 1",
    );
    await behind("ward.reports", "UPDATE ward.reports SET external = compressed, compressed = external WHERE id = 3");
    const tampered = ["altered ward.reports 1", "altered ward.reports 3"];
    expect(await findings()).toEqual(tampered);
    // A legal update of another column that leaves the altered value alone does not bless it either.
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1");
    expect(await findings()).toEqual(tampered);
    await sql(chain.url, "DELETE FROM ward.reports WHERE id IN (1, 3)");
    expect(await findings()).toEqual([]);
  });

  it("of a row whose patient changes are not vouched for: the digest was under another's key", async () => {
    await sql(chain.url, "UPDATE ward.reports SET patient_id = 20 WHERE id = 9");
    expect(await findings()).toEqual(["unvouched ward.reports 9"]);
    const { unvouched } = await chain.verify();
    expect(unvouched[0]?.valueUnknown).toBe(true);
    await sql(
      chain.url,
      "UPDATE ward.reports SET external = external || '.', compressed = compressed || '.' WHERE id = 9",
    );
    expect(await findings()).toEqual([]);
  });
});

describe("a table whose identity changes", () => {
  it("keeps its rows vouched for under the rule that each was committed by", async () => {
    await sql(chain.url, "ALTER TABLE ward.reports REPLICA IDENTITY FULL");
    expect(await findings()).toEqual([]);
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1 WHERE id < 12");
    expect(await findings()).toEqual([]);
    await chain.stopCapture();
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1 WHERE id = 13");
    chain.startCapture();
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1 WHERE id = 14");
    expect(await findings()).toEqual([]);
    await behind("ward.reports", "UPDATE ward.reports SET external = external || '!' WHERE id IN (14, 15)");
    expect(await findings()).toEqual(["altered ward.reports 14", "altered ward.reports 15"]);
    // With complete before-images an honest change would tell of the alteration for good: it is undone first.
    await behind("ward.reports", "UPDATE ward.reports SET external = rtrim(external, '!') WHERE id IN (14, 15)");
    expect(await findings()).toEqual([]);
    await sql(
      chain.url,
      "DELETE FROM ward.reports WHERE id IN (14, 15)",
      "ALTER TABLE ward.reports REPLICA IDENTITY DEFAULT",
    );
    await chain.stopCapture();
    chain.startCapture();
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1");
    // Written whole while the identity was FULL, so no digest was noted.
    const unvouched = (await findings()).every((f) => f.startsWith("unvouched ward.reports"));
    expect(unvouched).toBe(true);
    await sql(chain.url, "UPDATE ward.reports SET external = external || '.', compressed = compressed || '.'");
    await sql(chain.url, "UPDATE ward.reports SET n = n + 1");
    expect(await findings()).toEqual([]);
  });
});

describe("the store of digests", () => {
  it("loses vouching when it is lost, and nothing else", async () => {
    await chain.stopCapture();
    const path = chain.digestsPath;
    chain.digests.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    chain.digests = openDigestStore(path);
    chain.startCapture();
    await sql(
      chain.url,
      "UPDATE ward.reports SET n = n + 1 WHERE id = 2",
      "UPDATE ward.wide SET n = n + 1 WHERE id = 2",
    );
    expect(await findings()).toEqual(["unvouched ward.reports 2", "unvouched ward.wide 2"]);
    await sql(chain.url, "UPDATE ward.reports SET external = 'now short', compressed = 'short too' WHERE id = 2");
    expect(await findings()).toEqual(["unvouched ward.wide 2"]);
  });
});
