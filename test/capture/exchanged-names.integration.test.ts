/** Columns and labels that exchange their names, and writes between two changes of a table that capture sees as one. */
import type { VerifyReport } from "@anamnesis/capture";
import { afterEach, describe, expect, it } from "vitest";
import { sql as sqlOn } from "./harness.ts";
import { Chain } from "./verify-chain.ts";

const found = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched, ...r.erased]
    .map((f) => `${f.kind} ${f.key}`)
    .toSorted();

let chain: Chain;

const run = (url: string, statements: readonly string[]) => sqlOn(url, "SET search_path = public", ...statements);
const sql = (...statements: readonly string[]): Promise<void> => run(chain.url, statements);

async function begin(): Promise<void> {
  chain = await Chain.start((url) =>
    run(url, [
      "CREATE TYPE result AS ENUM ('negative', 'positive')",
      "CREATE TABLE t (id int PRIMARY KEY, systolic text, diastolic text, hiv result, more int)",
      `INSERT INTO t SELECT i, 120 + i, 80 - i, CASE WHEN i % 2 = 0 THEN 'negative' ELSE 'positive' END::result, i
         FROM generate_series(1, 6) i`,
    ]),
  );
  await chain.captureOnce();
}

/** The findings once nothing is pending any more, by both kinds of evidence. */
async function settled(): Promise<readonly string[]> {
  const report = found(await chain.verify());
  expect(found(await chain.verify({ mode: "from-log" }))).toEqual(report);
  return report;
}

const all = (kind: string) => [1, 2, 3, 4, 5, 6].map((id) => `${kind} ${id}`);
const rename = (what: string) => `ALTER TABLE t RENAME COLUMN ${what}`;
const relabel = (what: string, to: string) => `ALTER TYPE result RENAME VALUE '${what}' TO '${to}'`;

describe("names that are exchanged", () => {
  afterEach(() => chain.close());

  it("make a finding of every row whose columns they are, until they are as they were", async () => {
    await begin();
    chain.startCapture();
    await sql([rename("systolic TO x"), rename("diastolic TO systolic"), rename("x TO diastolic")].join("; "));
    expect(await settled()).toEqual(all("altered"));
    await sql([rename("systolic TO x"), rename("diastolic TO systolic"), rename("x TO diastolic")].join("; "));
    expect(await settled()).toEqual([]);
  }, 120_000);

  it("make findings also when capture sees every step", async () => {
    await begin();
    chain.startCapture();
    for (const step of ["systolic TO x", "diastolic TO systolic", "x TO diastolic"]) {
      await sql(rename(step));
      await settled();
    }
    expect((await settled()).length).toBe(6);
    for (const [what, to] of [
      ["negative", "x"],
      ["positive", "negative"],
      ["x", "positive"],
    ] as const) {
      await sql(relabel(what, to));
      await settled();
    }
    expect((await settled()).length).toBe(6);
  }, 180_000);

  it("make a finding of every row with a label that means another one now", async () => {
    await begin();
    chain.startCapture();
    await sql(relabel("negative", "x"), relabel("positive", "negative"), relabel("x", "positive"));
    expect(await settled()).toEqual(all("altered"));
  }, 120_000);
});

describe("writes between two changes of a table", () => {
  afterEach(() => chain.close());

  it("are vouched for under columns that capture never saw in the catalog", async () => {
    await begin();
    const first = [
      "ALTER TABLE t ADD COLUMN a text",
      "UPDATE t SET a = 'a'",
      "ALTER TABLE t ADD COLUMN b int DEFAULT 5",
    ];
    const then = ["UPDATE t SET more = 9 WHERE id < 3", "ALTER TABLE t ADD COLUMN c int"];
    await sql(...first, ...then);
    chain.startCapture();
    expect(await settled()).toEqual([]);
  }, 120_000);
});
