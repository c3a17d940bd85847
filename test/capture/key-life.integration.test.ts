/** What hospitals do to primary keys: each change at once followed by writes, in a table of its own, and nothing is found. */
import { type VerifyReport, withClient } from "@anamnesis/capture";
import { afterEach, describe, expect, it } from "vitest";
import { Chain } from "./verify-chain.ts";

interface Change {
  readonly name: string;
  /** Of the table `$`, before capture. */
  readonly columns: string;
  readonly rows: string;
  /** `LOOK`: verification looks at it in between. */
  readonly steps: readonly string[];
}

const ROWS = 60;
const LOOK = "";
const from = (select: string) => `SELECT ${select} FROM generate_series(1, ${ROWS}) i`;
const CODED = { columns: "id int PRIMARY KEY, code int NOT NULL, v text", rows: from(`i, ${ROWS + 1} - i, 'v'`) };
const PLAIN = { columns: "id int PRIMARY KEY, v text", rows: from("i, 'v'") };
const OTHER_KEY = "ALTER TABLE $ DROP CONSTRAINT $_pkey, ADD PRIMARY KEY (code)";
const WRITE = "UPDATE $ SET v = 'w' WHERE id % 5 = 0";
const DELETE = "DELETE FROM $ WHERE id % 7 = 0";

const CHANGES: readonly Change[] = [
  { name: "another column with the same values", ...CODED, steps: [OTHER_KEY, WRITE, DELETE] },
  {
    name: "renamed",
    columns: "x int, id int PRIMARY KEY, v text",
    rows: from("0, i, 'v'"),
    steps: ["ALTER TABLE $ RENAME id TO n", "UPDATE $ SET v = 'w' WHERE n % 5 = 0"],
  },
  { name: "wider", ...PLAIN, steps: ["ALTER TABLE $ ALTER id TYPE bigint", WRITE, DELETE] },
  {
    name: "with decimal places",
    ...PLAIN,
    steps: ["ALTER TABLE $ ALTER id TYPE numeric(10,2)", WRITE, DELETE, "INSERT INTO $ VALUES (500, 'n')"],
  },
  {
    name: "with a zone",
    columns: "at timestamp PRIMARY KEY, v text",
    rows: from("'2024-01-01'::timestamp + i * interval '1 hour', 'v'"),
    steps: ["ALTER TABLE $ ALTER at TYPE timestamptz", "UPDATE $ SET v = 'w' WHERE extract(hour FROM at)::int % 5 = 0"],
  },
  {
    name: "with more digits",
    columns: "id real PRIMARY KEY, v text",
    rows: from("i + 0.1, 'v'"),
    steps: ["ALTER TABLE $ ALTER id TYPE double precision", "UPDATE $ SET v = 'w' WHERE id > 40"],
  },
  {
    name: "without padding",
    columns: "id char(8) PRIMARY KEY, v text",
    rows: from("'k' || i, 'v'"),
    steps: ["ALTER TABLE $ ALTER id TYPE text", "UPDATE $ SET v = 'w' WHERE id > 'k5'"],
  },
  {
    name: "labels renamed",
    columns: "w ward, id int, v text, PRIMARY KEY (w, id)",
    rows: from("(ARRAY['a', 'b', 'c'])[1 + i % 3]::ward, i, 'v'"),
    steps: ["ALTER TYPE ward RENAME VALUE 'a' TO 'alpha'", WRITE],
  },
  {
    name: "values that are new",
    ...PLAIN,
    steps: [
      "ALTER TABLE $ ADD n uuid NOT NULL DEFAULT gen_random_uuid(), DROP CONSTRAINT $_pkey, ADD PRIMARY KEY (n)",
      WRITE,
      DELETE,
    ],
  },
  {
    name: "filled and made the key at once",
    ...PLAIN,
    steps: [
      "BEGIN; ALTER TABLE $ ADD n bigint; UPDATE $ SET n = 61 - id; ALTER TABLE $ DROP CONSTRAINT $_pkey, ADD PRIMARY KEY (n); COMMIT",
      WRITE,
    ],
  },
  {
    name: "beside other columns",
    ...CODED,
    steps: [`${OTHER_KEY}, ALTER v TYPE varchar(50), ADD w int DEFAULT 3`, WRITE],
  },
  {
    name: "in a table renamed at once",
    ...CODED,
    steps: [`BEGIN; ${OTHER_KEY}; ALTER TABLE $ RENAME TO $_new; COMMIT`, WRITE.replace("$", "$_new")],
  },
  {
    name: "of partitions",
    columns: "id int, p int, code int NOT NULL, v text, PRIMARY KEY (id, p)",
    rows: from(`i, 1 + i % 2, ${ROWS + 1} - i, 'v'`),
    steps: ["ALTER TABLE $ DROP CONSTRAINT $_pkey, ADD PRIMARY KEY (code, p)", WRITE],
  },
  {
    name: "widened by a column that takes its name",
    ...PLAIN,
    steps: [
      "ALTER TABLE $ ADD wide bigint",
      "UPDATE $ SET wide = id",
      LOOK,
      "BEGIN; ALTER TABLE $ DROP CONSTRAINT $_pkey; ALTER TABLE $ RENAME id TO old; ALTER TABLE $ RENAME wide TO id; ALTER TABLE $ ADD PRIMARY KEY (id); COMMIT",
      WRITE,
      DELETE,
    ],
  },
  {
    name: "widened by a column that takes its place",
    ...PLAIN,
    steps: [
      "ALTER TABLE $ ADD wide bigint",
      "UPDATE $ SET wide = id",
      LOOK,
      "BEGIN; ALTER TABLE $ DROP CONSTRAINT $_pkey; ALTER TABLE $ DROP id; ALTER TABLE $ RENAME wide TO id; ALTER TABLE $ ADD PRIMARY KEY (id); COMMIT",
      WRITE,
    ],
  },
  {
    name: "identity by an index and back",
    ...CODED,
    steps: [
      "CREATE UNIQUE INDEX $_code ON $ (code)",
      "ALTER TABLE $ REPLICA IDENTITY USING INDEX $_code",
      WRITE,
      LOOK,
      "ALTER TABLE $ REPLICA IDENTITY DEFAULT",
      DELETE,
    ],
  },
  {
    name: "whole rows for a while",
    ...CODED,
    steps: ["ALTER TABLE $ REPLICA IDENTITY FULL", WRITE, OTHER_KEY, "ALTER TABLE $ REPLICA IDENTITY DEFAULT", DELETE],
  },
];

const table = (i: number): string => `t${i}`;
const findings = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched].map((f) => `${f.kind} ${f.table} ${f.key}`);

function created({ columns, rows }: Change, i: number, identity: string): readonly string[] {
  const partitioned = columns.includes(" p int");
  const parts = partitioned ? [1, 2].map((p) => `CREATE TABLE $_${p} PARTITION OF $ FOR VALUES IN (${p})`) : [];
  const holders = ["$", ...(partitioned ? ["$_1", "$_2"] : [])];
  const statements = [`CREATE TABLE $ (${columns})${partitioned ? " PARTITION BY LIST (p)" : ""}`, ...parts].concat(
    holders.map((holder) => `ALTER TABLE ${holder} REPLICA IDENTITY ${identity}`),
    `INSERT INTO $ ${rows}`,
  );
  return statements.map((statement) => statement.replaceAll("$", table(i)));
}

let chain: Chain;
afterEach(() => chain.close());

const run = (statements: readonly string[], url = chain.url) =>
  withClient({ url }, async (client) => {
    await client.query("SET search_path = public");
    for (const statement of statements) await client.query(statement);
  });

async function begin(identity: string): Promise<void> {
  const statements = CHANGES.flatMap((change, i) => created(change, i, identity));
  chain = await Chain.start((url) => run(["CREATE TYPE ward AS ENUM ('a', 'b', 'c')", ...statements], url));
  await chain.captureOnce();
  chain.startCapture();
  expect(findings(await chain.verify())).toEqual([]);
}

async function live(i: number): Promise<void> {
  for (const step of CHANGES[i]?.steps ?? []) {
    if (step === LOOK) await chain.verify();
    else await run([step.replaceAll("$", table(i))]);
  }
}

/** One row altered and one removed, neither of them touched by what follows, in a table that capture does not hear of. */
const behind = (name: string) => {
  const nth = (n: number) =>
    `(tableoid, ctid) = (SELECT tableoid, ctid FROM ${name} ORDER BY ${name} LIMIT 1 OFFSET ${n})`;
  return [
    ...["BEGIN", `ALTER PUBLICATION anamnesis_ehr DROP TABLE ${name}`],
    ...[`UPDATE ${name} SET v = 'forged' WHERE ${nth(3)}`, `DELETE FROM ${name} WHERE ${nth(7)}`],
    ...[`ALTER PUBLICATION anamnesis_ehr ADD TABLE ${name}`, "COMMIT"],
  ].join("; ");
};

describe.each(["FULL", "DEFAULT"])("a primary key, replica identity %s", (identity) => {
  it("is changed in every legal way, and no row is found", async () => {
    await begin(identity);
    for (const [i, { name }] of CHANGES.entries()) {
      await live(i);
      expect.soft({ name, found: findings(await chain.verify()) }).toEqual({ name, found: [] });
    }
    expect(findings(await chain.verify({ mode: "from-log" }))).toEqual([]);
  }, 240_000);

  it("hides neither a row that was altered before it was changed nor one that was removed", async () => {
    await begin(identity);
    for (const [i, { name, steps }] of CHANGES.entries()) {
      await run([behind(table(i))]);
      await live(i);
      const found = findings(await chain.verify()).filter((finding) => finding.includes(` public.${table(i)}`));
      // By its key alone, an honest change of every row vouches for the altered one as well.
      const isRewritten = identity === "DEFAULT" && steps.some((step) => /UPDATE \$ SET (?:n|wide) =/.test(step));
      const altered = found.filter((finding) => !finding.startsWith("missing"));
      expect.soft({ name, altered }).toMatchObject({ name, altered: { length: isRewritten ? 0 : 1 } });
      // Rows that went away under the new key are among them where the removed one upsets the balance.
      expect.soft({ name, missing: found.length > altered.length }).toEqual({ name, missing: true });
    }
  }, 240_000);
});
