/** Transactions that wrote to a table before capture knew it, and end long after: nothing they wrote is an alarm. */
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import { afterEach, describe, expect, it } from "vitest";
import { Chain, found } from "./verify-chain.ts";

/** Longer than capture rests between two attempts. */
const OPEN_MS = 2_000;
let chain: Chain;

const sql = (...statements: readonly string[]): Promise<void> =>
  withClient({ url: chain.url }, async (client) => {
    await client.query("SET search_path = public");
    for (const statement of statements) await client.query(statement);
  });

async function begin(): Promise<void> {
  chain = await Chain.start(
    (url) => withClient({ url }, (c) => c.query("CREATE TABLE public.t (id int PRIMARY KEY, v text)")),
    { extraSettings: { max_prepared_transactions: "5" } },
  );
}

const LATE = "CREATE TABLE late (id int PRIMARY KEY, v text); INSERT INTO late VALUES (1, 'before')";
const WRITE = "INSERT INTO late VALUES (2, 'open'); UPDATE late SET v = 'open' WHERE id = 1";

/** Writes in a transaction that ends when asked. */
type Opened = () => Promise<void>;
const KINDS: Readonly<Record<string, () => Promise<Opened>>> = {
  async prepared() {
    await sql(`BEGIN; ${WRITE}; PREPARE TRANSACTION 'x'`);
    return () => sql("COMMIT PREPARED 'x'");
  },
  async open() {
    let end: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      end = resolve;
    });
    let began: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      began = resolve;
    });
    const over = withClient({ url: chain.url }, async (client) => {
      await client.query("SET search_path = public");
      await client.query(`BEGIN; ${WRITE}`);
      began();
      await asked;
      await client.query("COMMIT");
    });
    await ready;
    return async () => {
      end();
      await over;
    };
  },
};

async function settled(): Promise<readonly string[]> {
  const report = found(await chain.verify());
  expect(found(await chain.verify({ mode: "from-log" }))).toEqual(report);
  return report;
}

/** Capture has met the table, and waits. */
async function met(): Promise<void> {
  await expect.poll(() => [...chain.progress.tables.pending().values()], { timeout: 30_000 }).toContain("first");
}

describe.each(Object.entries(KINDS))("a transaction that is %s when capture meets its table", (_, write) => {
  afterEach(() => chain.close());

  it("raises no alarm once it has ended, though other tables came meanwhile", async () => {
    await begin();
    await chain.captureOnce();
    chain.startCapture();
    await sql(LATE);
    const end = await write();
    await met();
    await sql("CREATE TABLE later (id int PRIMARY KEY)");
    await expect.poll(() => chain.progress.tables.pending().size, { timeout: 30_000 }).toBe(2);
    await sleep(OPEN_MS);
    await end();
    expect(await settled()).toEqual([]);
  }, 120_000);

  it("raises no alarm once it has ended, though capture was stopped meanwhile", async () => {
    await begin();
    await chain.captureOnce();
    await sql(LATE);
    const end = await write();
    chain.startCapture();
    await met();
    await sleep(OPEN_MS);
    await chain.stopCapture();
    await end();
    chain.startCapture();
    expect(await settled()).toEqual([]);
  }, 120_000);

  it("raises no alarm once it has ended, though that is the beginning of capture", async () => {
    await begin();
    await sql(LATE);
    const end = await write();
    chain.startCapture();
    await sleep(OPEN_MS);
    await end();
    expect(await settled()).toEqual([]);
  }, 120_000);
});
