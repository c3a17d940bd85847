/** Tables that change while capture runs: legal life raises no alarm, and no change of a table blesses what was altered. */
import { withClient } from "@anamnesis/capture";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Chain, found } from "./verify-chain.ts";

let chain: Chain;

const connected = <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> =>
  withClient({ url }, async (client) => {
    await client.query("SET search_path = public");
    return work(client);
  });

const sql = (...statements: readonly string[]): Promise<void> =>
  connected(chain.url, async (client) => {
    for (const statement of statements) await client.query(statement);
  });

/** Writes that capture never sees: the table is out of the publication for as long as they take. */
const behind = (table: string, ...statements: readonly string[]) =>
  sql(
    ["BEGIN", `ALTER PUBLICATION anamnesis_ehr DROP TABLE ${table}`, ...statements]
      .concat(`ALTER PUBLICATION anamnesis_ehr ADD TABLE ${table}`, "COMMIT")
      .join("; "),
  );

async function begin(...statements: readonly string[]): Promise<void> {
  chain = await Chain.start((url) => connected(url, (c) => c.query(statements.join("; "))));
  await chain.captureOnce();
  chain.startCapture();
}

const TABLES = [
  "CREATE TYPE mood AS ENUM ('calm', 'sad', 'merry\twild')",
  `CREATE TABLE people (id int PRIMARY KEY, name varchar(20), mood mood, paid numeric(10,2), born date, score real, note text)`,
  `INSERT INTO people SELECT i, 'n' || i, (ARRAY['calm', 'sad', 'merry\twild']::mood[])[1 + i % 3], i / 7.0, '1970-01-01'::date + i,
          i / 3.0, CASE WHEN i % 5 = 0 THEN NULL ELSE repeat('x', i % 400) END FROM generate_series(1, 3000) i`,
  "CREATE TABLE visits (id int PRIMARY KEY, patient_id int REFERENCES people, day date)",
  "INSERT INTO visits SELECT i, 1 + i % 100, '2024-01-01' FROM generate_series(1, 500) i",
  "CREATE TABLE log (line text, n int); ALTER TABLE log REPLICA IDENTITY FULL",
  "INSERT INTO log SELECT 'l' || i % 50, i % 7 FROM generate_series(1, 400) i",
  "CREATE TABLE readings (id int, at date, v int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
  "CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')",
  "CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM ('2024-07-01') TO ('2025-01-01')",
  "INSERT INTO readings SELECT i, '2024-01-01'::date + i % 300, i FROM generate_series(1, 900) i",
  "CREATE TABLE plain (a int, b int, c text); ALTER TABLE plain REPLICA IDENTITY FULL",
  "INSERT INTO plain SELECT i, 1000 - i, 'c' FROM generate_series(1, 300) i",
];

/** One after the other, each with a name for the report; the writers go on all the while. */
const LEGAL: readonly (readonly [what: string, ...statements: string[]])[] = [
  ["a new column", "ALTER TABLE people ADD COLUMN email text"],
  [
    "a new column with a default that rewrites nothing",
    "ALTER TABLE people ADD COLUMN active boolean DEFAULT true NOT NULL",
  ],
  [
    "a new column with a default that rewrites the table",
    "ALTER TABLE people ADD COLUMN token uuid DEFAULT gen_random_uuid()",
  ],
  ["a renamed column", "ALTER TABLE people RENAME COLUMN note TO remark"],
  ["a renamed key column", "ALTER TABLE people RENAME COLUMN id TO number"],
  ["a wider varchar", "ALTER TABLE people ALTER COLUMN name TYPE varchar(50)"],
  ["text instead of varchar", "ALTER TABLE people ALTER COLUMN name TYPE text"],
  ["a wider integer", "ALTER TABLE visits ALTER COLUMN id TYPE bigint"],
  ["more digits", "ALTER TABLE people ALTER COLUMN paid TYPE numeric(14,4)"],
  ["a timestamp instead of a date", "ALTER TABLE people ALTER COLUMN born TYPE timestamp"],
  ["double instead of real", "ALTER TABLE people ALTER COLUMN score TYPE double precision"],
  ["NOT NULL and defaults", "ALTER TABLE visits ALTER COLUMN day SET DEFAULT now(), ALTER COLUMN day SET NOT NULL"],
  ["indices", "CREATE INDEX ON people (name); CREATE UNIQUE INDEX v ON visits (id, day); DROP INDEX v"],
  ["a foreign key less", "ALTER TABLE visits DROP CONSTRAINT visits_patient_id_fkey"],
  ["a foreign key more", "ALTER TABLE visits ADD CONSTRAINT fk FOREIGN KEY (patient_id) REFERENCES people"],
  ["a renamed table", "ALTER TABLE visits RENAME TO encounters"],
  ["a table in another schema", "CREATE SCHEMA ward; ALTER TABLE encounters SET SCHEMA ward"],
  ["another label", "ALTER TYPE mood ADD VALUE 'tired'"],
  ["a renamed label", "ALTER TYPE mood RENAME VALUE 'merry\twild' TO 'ha\\ppy'"],
  ["VACUUM FULL", "VACUUM FULL people"],
  ["CLUSTER and REINDEX", "CLUSTER people USING people_pkey; REINDEX TABLE people; ANALYZE"],
  [
    "a new table",
    "CREATE TABLE ward.beds (id int PRIMARY KEY, room text); INSERT INTO ward.beds SELECT i, 'r' FROM generate_series(1, 50) i",
  ],
  [
    "a table made of a query",
    "CREATE TABLE ward.archive AS SELECT * FROM people; ALTER TABLE ward.archive ADD PRIMARY KEY (number)",
  ],
  [
    "a new partition",
    "CREATE TABLE readings_3 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "INSERT INTO readings SELECT i, '2025-02-02', i FROM generate_series(1, 50) i",
  ],
  ["a column of a partitioned table", "ALTER TABLE readings ADD COLUMN unit text DEFAULT 'ml'"],
  ["a column of a table without a key", "ALTER TABLE log ADD COLUMN level int DEFAULT 3"],
  ["a renamed column of a table without a key", "ALTER TABLE log RENAME COLUMN line TO message"],
  ["a key for a table that had none", "ALTER TABLE plain ADD PRIMARY KEY (a)"],
  ["another replica identity", "ALTER TABLE people REPLICA IDENTITY FULL"],
  ["and back", "ALTER TABLE people REPLICA IDENTITY DEFAULT"],
  ["a generated column", "ALTER TABLE ward.beds ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED"],
  ["views, functions, comments", "CREATE VIEW v AS SELECT * FROM people; DROP VIEW v; COMMENT ON TABLE people IS 'p'"],
  ["a role", "CREATE ROLE reader; GRANT SELECT ON people TO reader; DROP OWNED BY reader; DROP ROLE reader"],
];

describe("legal life", () => {
  beforeAll(() => begin(...TABLES), 120_000);
  afterAll(() => chain.close());

  /** Everybody's daily work, in statements that hold whatever the tables are like just now. */
  async function work(signal: AbortSignal): Promise<number> {
    return connected(chain.url, async (client) => {
      let n = 0;
      while (!signal.aborted) {
        n++;
        const change = n % 2 === 0 ? "name = 'w' || (n.i)" : "score = (n.i)";
        await client.query(
          `UPDATE people SET ${change.replaceAll("(n.i)", String(n))} WHERE ctid = ANY(ARRAY(SELECT ctid FROM people LIMIT 1 OFFSET ${n % 2000}))`,
        );
        await client.query(`INSERT INTO log (n) VALUES (${n % 9})`);
        await client.query(
          `UPDATE log SET n = n + 1 WHERE ctid = ANY(ARRAY(SELECT ctid FROM log LIMIT 1 OFFSET ${n % 50}))`,
        );
        if (n % 10 === 0) await client.query(`DELETE FROM readings WHERE id = ${n % 900}`);
        await client.query(`INSERT INTO readings VALUES (${10_000 + n}, '2024-03-03', 1)`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return n;
    });
  }

  it("raises no alarm, whatever is altered while everybody writes", async () => {
    const stop = new AbortController();
    const working = work(stop.signal);
    const alarms: string[] = [];
    for (const [what, ...statements] of LEGAL) {
      await sql(...statements.flatMap((s) => s.split("; ")));
      const report = await chain.verify();
      for (const finding of found(report).slice(0, 5)) alarms.push(`${what}: ${finding}`);
    }
    stop.abort();
    expect(await working).toBeGreaterThan(100);
    expect(alarms).toEqual([]);
    expect(LEGAL.length).toBeGreaterThanOrEqual(30);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
    // With nobody writing: what is written in the very moment in which a key becomes another may need a reason.
    await sql("ALTER TABLE plain DROP CONSTRAINT plain_pkey, ADD PRIMARY KEY (b, a)");
    expect(found(await chain.verify())).toEqual([]);
    await sql("UPDATE plain SET c = c || 'y' WHERE a < 100");
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
  }, 300_000);
});

describe("what was altered behind capture", () => {
  afterEach(() => chain.close());

  const THREE = [
    "CREATE TABLE t (id int PRIMARY KEY, v text, w int)",
    "INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 200) i",
  ];
  /** One row altered, one removed, one added. */
  const tampered = (from: number) => [
    `UPDATE t SET v = 'forged' WHERE id = ${from}`,
    `DELETE FROM t WHERE id = ${from + 1}`,
    `INSERT INTO t (id, v) VALUES (${from + 1000}, 'added')`,
  ];
  const findings = (from: number, table = "public.t") =>
    [`altered ${table} ${from}`, `missing ${table} ${from + 1}`, `unexplained ${table} ${from + 1000}`].toSorted();

  /** The findings once nothing is pending any more, by both kinds of evidence. */
  async function settled(): Promise<readonly string[]> {
    const report = found(await chain.verify());
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual(report);
    return report;
  }

  it("stays found through every change that rows are compared over", async () => {
    await begin(...THREE);
    await behind("t", ...tampered(10));
    await sql("ALTER TABLE t ADD COLUMN x int DEFAULT 5");
    expect(await settled()).toEqual(findings(10));
    await sql("ALTER TABLE t RENAME COLUMN v TO vv", "ALTER TABLE t ALTER COLUMN w TYPE bigint");
    expect(await settled()).toEqual(findings(10));
    await sql("ALTER TABLE t RENAME TO u");
    expect(await settled()).toEqual(findings(10, "public.u"));
    // From here on what the row held can only be guessed from a cast, and nobody is accused on a guess.
    await sql("ALTER TABLE u ALTER COLUMN w TYPE double precision");
    expect(await settled()).toEqual(["missing public.u 11", "unexplained public.u 1010", "unvouched public.u 10"]);
  });

  it("is found when it is done right with the change, and right after it", async () => {
    await begin(...THREE);
    await behind("t", "ALTER TABLE t ADD COLUMN x int DEFAULT 5", ...tampered(20));
    await settled();
    await behind("t", ...tampered(30));
    const report = await settled();
    expect(report.filter((f) => /\b(?:10)?2\d$/.test(f))).toEqual(findings(20));
    expect(report.filter((f) => /\b(?:10)?3\d$/.test(f))).toEqual(findings(30));
  });

  it("is not blessed by a cast that hides it", async () => {
    await begin(
      "CREATE TABLE t (id int PRIMARY KEY, v date)",
      "INSERT INTO t SELECT i, '2024-01-01' FROM generate_series(1, 9) i",
    );
    await behind(
      "t",
      "ALTER TABLE t ALTER COLUMN v TYPE timestamp",
      "UPDATE t SET v = v + interval '1 hour' WHERE id = 3",
    );
    expect(await settled()).toEqual(["unvouched public.t 3"]);
  });

  it("is not blessed by a table that takes the place of the one that was vouched for", async () => {
    await begin(...THREE);
    await sql("ALTER TABLE t RENAME TO t_old");
    expect(await settled()).toEqual([]);
    await sql("CREATE TABLE t (LIKE t_old INCLUDING ALL); INSERT INTO t SELECT * FROM t_old WHERE id <= 3");
    expect(await settled()).toEqual([1, 2, 3].map((id) => `unexplained public.t ${id}`));
    await sql("INSERT INTO t VALUES (500, 'said', 1)", "DELETE FROM t WHERE id = 2");
    expect(await settled()).toEqual([1, 3].map((id) => `unexplained public.t ${id}`));
  });

  it("is not blessed by swapping names, nor by making the table anew", async () => {
    await begin(
      ...THREE,
      "CREATE TABLE s (LIKE t INCLUDING ALL)",
      "INSERT INTO s SELECT id, 's', w FROM t WHERE id < 4",
    );
    await sql("ALTER TABLE t RENAME TO x; ALTER TABLE s RENAME TO t; ALTER TABLE x RENAME TO s");
    const swapped = await settled();
    expect(swapped).toContain("altered public.t 3");
    expect(swapped).toContain("missing public.t 9");
    expect(swapped).toContain("unexplained public.s 200");
    await sql("ALTER TABLE t RENAME TO x; ALTER TABLE s RENAME TO t; ALTER TABLE x RENAME TO s");
    expect(await settled()).toEqual([]);
    await sql("CREATE TABLE n AS SELECT * FROM t", "UPDATE n SET v = 'forged' WHERE id = 7", "DROP TABLE t");
    await sql("ALTER TABLE n RENAME TO t", "ALTER TABLE t ADD PRIMARY KEY (id)");
    expect(await settled()).toContain("altered public.t 7");
  });

  it("stays found among rows without a key", async () => {
    await begin(
      "CREATE TABLE t (v text, w int); ALTER TABLE t REPLICA IDENTITY FULL",
      "INSERT INTO t SELECT 'v' || i % 20, 1 FROM generate_series(1, 100) i",
    );
    await behind(
      "t",
      "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE v = 'v3')",
      "INSERT INTO t VALUES ('new', 1)",
    );
    await sql("ALTER TABLE t ADD COLUMN x int");
    const report = await chain.verify();
    expect(report.totals.missing + report.totals.unexplained + report.totals.unvouched).toBeGreaterThan(0);
    await sql("ALTER TABLE t ADD COLUMN id serial PRIMARY KEY");
    const later = await chain.verify();
    expect(later.totals.missing + later.totals.unexplained + later.totals.unvouched).toBeGreaterThan(0);
  });

  it("stays what it is when a column is dropped: nobody can tell, and nobody vouches", async () => {
    await begin(...THREE);
    await sql("ALTER TABLE t DROP COLUMN w");
    const report = await chain.verify();
    expect(report.totals).toMatchObject({ unvouched: 200, altered: 0, missing: 0, unexplained: 0 });
    expect(report.unvouched[0]).toMatchObject({ columnsChanged: true });
  });
});

describe("what an operator accepts", () => {
  beforeAll(
    () =>
      begin(
        "CREATE TABLE t (id int PRIMARY KEY, v text, w int)",
        "INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 50) i",
        "CREATE TABLE k (v text); ALTER TABLE k REPLICA IDENTITY FULL",
        "INSERT INTO k SELECT 'v' || i % 5 FROM generate_series(1, 20) i",
        "CREATE TABLE gone (id int PRIMARY KEY)",
        "INSERT INTO gone SELECT generate_series(1, 4)",
      ),
    120_000,
  );
  afterAll(() => chain.close());

  async function accept(table: string, key: string | null, reason: string) {
    const { requests } = chain.progress;
    const id = requests.ask({ table, key, reason, note: "Dr Who was told", actor: "operator ann" });
    for (;;) {
      const answer = requests.answer(id);
      if (answer !== undefined) return answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("is vouched for from then on, and stays in sight", async () => {
    await behind(
      "t",
      "UPDATE t SET v = 'x' WHERE id IN (1, 2)",
      "DELETE FROM t WHERE id IN (3, 4)",
      "INSERT INTO t VALUES (90, 'n', 1)",
    );
    expect(await accept("public.t", "1", "RESTORED")).toEqual({ accepted: 1 });
    expect(await accept("public.t", "3", "RESTORED")).toEqual({ accepted: 1 });
    expect(await accept("public.t", "5", "RESTORED")).toEqual({ accepted: 0 });
    expect(found(await chain.verify())).toEqual([
      "altered public.t 2",
      "missing public.t 4",
      "unexplained public.t 90",
    ]);
    expect(await accept("public.t", null, "RESTORED")).toEqual({ accepted: 3 });
    await sql("UPDATE t SET v = 'legal' WHERE id = 2", "INSERT INTO t VALUES (3, 'again', 1)");
    const report = await chain.verify({ mode: "from-log" });
    expect(found(report)).toEqual([]);
    expect(report.accepted.total).toBe(5);
    expect(report.accepted.rows.map((r) => `${r.key} ${r.gone} ${r.reason}`).toSorted()).toEqual([
      ...["1 false RESTORED", "2 false RESTORED", "3 true RESTORED", "4 true RESTORED", "90 false RESTORED"],
    ]);
    expect(report.accepted.rows[0]?.actor).toBe("operator ann");
  });

  it("is found again when it is altered after that", async () => {
    await behind("t", "UPDATE t SET v = 'y' WHERE id = 1");
    expect(found(await chain.verify())).toEqual(["altered public.t 1"]);
    expect(await accept("public.t", "1", "AGAIN")).toEqual({ accepted: 1 });
  });

  it("holds for copies without a key, for a dropped column, and for a table that is gone", async () => {
    await behind(
      "k",
      "DELETE FROM k WHERE ctid = (SELECT min(ctid) FROM k WHERE v = 'v1')",
      "INSERT INTO k VALUES ('n'), ('n')",
    );
    expect(await accept("public.k", null, "REPAIRED")).toEqual({ accepted: 3 });
    await sql("ALTER TABLE t DROP COLUMN w", "DROP TABLE gone");
    const before = await chain.verify();
    expect(before.totals).toMatchObject({ unvouched: 50, missing: 1, altered: 0, unexplained: 0 });
    expect(before.missing[0]).toMatchObject({ table: "public.gone", key: "*" });
    expect(await accept("public.t", null, "COLUMN-DROPPED")).toEqual({ accepted: 50 });
    expect(await accept("public.gone", null, "TABLE-DROPPED")).toEqual({ accepted: 4 });
    for (const mode of ["cache", "from-log"] as const) expect(found(await chain.verify({ mode }))).toEqual([]);
  });

  it("is refused where it means nothing", async () => {
    expect(await accept("public.nothing", null, "X")).toMatchObject({ code: "capture/unknown-table" });
    expect(await accept("public.t", "1|2", "X")).toMatchObject({ code: "capture/malformed-key" });
    expect(await accept("public.t", "abc", "X")).toMatchObject({ code: "capture/malformed-key" });
  });
});
