/** A table that is renamed while another one takes its name, seen in one look: legal life is silent, an exchange is found. */
import { afterEach, describe, expect, it } from "vitest";
import { sql as sqlOn } from "./harness.ts";
import { Chain, found } from "./verify-chain.ts";

let chain: Chain;

const run = (url: string, statements: readonly string[]) => sqlOn(url, "SET search_path = public", ...statements);
const sql = (...statements: readonly string[]): Promise<void> => run(chain.url, statements);

/** All in one transaction: capture never sees it half done. */
const atOnce = (...statements: readonly string[]) => sql(["BEGIN", ...statements, "COMMIT"].join("; "));

/** Writes that capture never sees. */
const behind = (table: string, ...statements: readonly string[]) =>
  atOnce(
    `ALTER PUBLICATION anamnesis_ehr DROP TABLE ${table}`,
    ...statements,
    `ALTER PUBLICATION anamnesis_ehr ADD TABLE ${table}`,
  );

async function begin(): Promise<void> {
  chain = await Chain.start((url) =>
    run(url, [
      "CREATE TABLE history (id int PRIMARY KEY, v text)",
      "INSERT INTO history SELECT i, repeat('v', 500) || i FROM generate_series(1, 2000) i",
    ]),
  );
  await chain.captureOnce();
}

const SWAP = ["ALTER TABLE history RENAME TO history_old", "CREATE TABLE history (LIKE history_old INCLUDING ALL)"];

/** The findings once nothing is pending any more, by both kinds of evidence. */
async function settled(): Promise<readonly string[]> {
  const report = found(await chain.verify());
  expect(found(await chain.verify({ mode: "from-log" }))).toEqual(report);
  return report;
}

describe("a table that is renamed while another one takes its name", () => {
  afterEach(() => chain.close());

  it("raises no alarm, and both are written on", async () => {
    await begin();
    chain.startCapture();
    await atOnce(...SWAP);
    expect(await settled()).toEqual([]);
    await sql("INSERT INTO history VALUES (1, 'new')", "UPDATE history_old SET v = 'late' WHERE id = 7");
    expect(await settled()).toEqual([]);
    await chain.stopCapture();
    await sql("DELETE FROM history_old WHERE id = 8", "UPDATE history SET v = 'again'");
    chain.startCapture();
    expect(await settled()).toEqual([]);
  }, 120_000);

  it("hides nothing that was altered in it, before and after", async () => {
    await begin();
    chain.startCapture();
    await behind("history", "UPDATE history SET v = 'forged' WHERE id = 3", "DELETE FROM history WHERE id = 4");
    await atOnce(...SWAP);
    await behind("history_old", "UPDATE history_old SET v = 'forged' WHERE id = 5");
    expect(await settled()).toEqual([
      "altered public.history_old 3",
      "altered public.history_old 5",
      "missing public.history_old 4",
    ]);
  }, 120_000);

  it("has what was written under its name while capture was off", async () => {
    await begin();
    await sql("UPDATE history SET v = 'before' WHERE id < 10", "DELETE FROM history WHERE id = 11");
    await atOnce(
      "INSERT INTO history VALUES (9000, 'in it')",
      ...SWAP,
      "UPDATE history_old SET v = 'too' WHERE id = 12",
    );
    await sql("INSERT INTO history_old VALUES (9001, 'after')");
    chain.startCapture();
    expect(await settled()).toEqual([]);
    await chain.stopCapture();
    chain.startCapture();
    expect(await settled()).toEqual([]);
  }, 120_000);

  it("makes findings of the few rows that the other one has, and of no others", async () => {
    await begin();
    chain.startCapture();
    await atOnce(...SWAP, "INSERT INTO history SELECT id, 'doctored' FROM history_old WHERE id < 3");
    expect(await settled()).toEqual(["unexplained public.history 1", "unexplained public.history 2"]);
  }, 120_000);

  it("is compared with the other one by name when that is as large: a true copy is silent, a doctored one is not", async () => {
    await begin();
    chain.startCapture();
    await atOnce(...SWAP, "INSERT INTO history SELECT * FROM history_old");
    expect(await settled()).toEqual([]);
    await atOnce(
      "ALTER TABLE history RENAME TO history_older",
      "CREATE TABLE history (LIKE history_old INCLUDING ALL)",
      "INSERT INTO history SELECT id, CASE id WHEN 20 THEN 'forged' ELSE v END FROM history_older",
    );
    expect(await settled()).toEqual(["altered public.history 20"]);
  }, 120_000);
});
