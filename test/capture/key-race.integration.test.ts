/** A table's key is added, dropped and changed while everybody writes: legal life, and nobody hides in it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type VerifyReport, withClient } from "@anamnesis/capture";
import type { Engine } from "@anamnesis/ledger";
import type { Client } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { Chain } from "./verify-chain.ts";

const found = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched]
    .map((f) => `${f.kind} ${f.table} ${f.key}${f.contradicted === undefined ? "" : " contradicted"}`)
    .toSorted();

const ROWS = 2_000;
const TABLE = "CREATE TABLE t (id int NOT NULL, code int NOT NULL, v text)";
const FILL = `INSERT INTO t SELECT i, ${ROWS + 1} - i, 'v' || i FROM generate_series(1, ${ROWS}) i`;

let chain: Chain;
afterEach(() => chain.close());

const connected = <T>(work: (client: Client) => Promise<T>): Promise<T> =>
  withClient({ url: chain.url }, async (client) => {
    await client.query("SET search_path = public");
    return work(client);
  });

const sql = (statement: string): Promise<unknown> => connected((client) => client.query(statement));

async function begin(...statements: readonly string[]): Promise<void> {
  chain = await Chain.start((url) =>
    withClient({ url }, (c) => c.query(["SET search_path = public", ...statements].join("; "))),
  );
  await chain.captureOnce();
  chain.startCapture();
}

/** Inserts, updates, deletes and moves, as fast as the database takes them; rows 1 to 10 are left alone. */
function write(writer: number, signal: AbortSignal): Promise<number> {
  return connected(async (client) => {
    let n = 0;
    for (; !signal.aborted; n++) {
      const own = 100_000 * (writer + 1) + n;
      const other = 11 + ((n * 7919 + writer * 31) % (ROWS - 10));
      await client.query(`INSERT INTO t VALUES (${own}, ${ROWS + 1 - own}, 'new')`);
      await client.query(`UPDATE t SET v = 'w${n}' WHERE id = ${other}`);
      if (n % 3 === 0) await client.query(`DELETE FROM t WHERE id = ${own - 7}`);
      if (n % 5 === 0)
        await client.query(`UPDATE t SET id = id + 500000, code = code - 500000, v = 'm' WHERE id = ${own - 3}`);
      if (n % 7 === 0) await client.query(`UPDATE t SET code = code - 2000000 WHERE id = ${own - 5}`);
      if (n % 11 === 0) await client.query(`DELETE FROM t WHERE id = ${other}`);
    }
    return n;
  });
}

/** Rows of which there are many copies. */
function writeCopies(writer: number, signal: AbortSignal): Promise<number> {
  return connected(async (client) => {
    let n = writer;
    for (; !signal.aborted; n++) {
      await client.query(`INSERT INTO t VALUES (0, ${n % 9})`);
      const one = (offset: number) => `ctid = ANY(ARRAY(SELECT ctid FROM t WHERE id = 0 LIMIT 1 OFFSET ${offset}))`;
      await client.query(`UPDATE t SET code = code + 1 WHERE ${one(n % 50)}`);
      if (n % 3 === 0) await client.query(`DELETE FROM t WHERE ${one(n % 70)}`);
    }
    return n;
  });
}

/** The catalog's changes one after the other, each while the writers go on; gives what verify finds at the end. */
async function live(changes: readonly string[], pauseMs: number, between: (round: number) => Promise<unknown>) {
  const stop = new AbortController();
  const working = [0, 1, 2].map((writer) => write(writer, stop.signal));
  for (const [round, change] of changes.entries()) {
    await sleep(pauseMs);
    await sql(change);
    await between(round);
  }
  await sleep(pauseMs);
  stop.abort();
  for (const written of await Promise.all(working)) expect(written).toBeGreaterThan(5);
  const report = found(await chain.verify());
  expect(found(await chain.verify({ mode: "from-log" }))).toEqual(report);
  return report;
}

/** Lets batches of more than a thousand events wait until it is opened. */
class Gate {
  readonly engine: Engine;
  readonly waits: Promise<void>;
  open: () => void = () => undefined;

  constructor(engine: Engine) {
    let arrived: () => void = () => undefined;
    this.waits = new Promise((resolve) => {
      arrived = resolve;
    });
    const opened = new Promise<void>((resolve) => {
      this.open = resolve;
    });
    const submitAttached: Engine["submitAttached"] = async (leaves, sign) => {
      if (leaves.ends.length > 1_000) {
        arrived();
        await opened;
      }
      return engine.submitAttached?.(leaves, sign) ?? Promise.reject(new Error("no roots"));
    };
    this.engine = new Proxy(engine, {
      get(of, name) {
        if (name === "submitAttached") return submitAttached;
        const value: unknown = Reflect.get(of, name);
        return typeof value === "function" ? value.bind(of) : value;
      },
    });
  }
}

const DROP = "ALTER TABLE t DROP CONSTRAINT t_pkey";
const ID = "ADD PRIMARY KEY (id)";
const CODE = "ADD PRIMARY KEY (code)";
const BOTH = "ADD PRIMARY KEY (code, id)";

/** Writes that capture never sees: the table is out of the publication for as long as they take. */
const behind = (...statements: readonly string[]) =>
  sql(
    ["BEGIN", "ALTER PUBLICATION anamnesis_ehr DROP TABLE t", ...statements]
      .concat("ALTER PUBLICATION anamnesis_ehr ADD TABLE t", "COMMIT")
      .join("; "),
  );

describe("a table whose rows go on under another key", () => {
  it.each(["FULL", "DEFAULT"])(
    "is not through before that is final (%s)",
    async (identity) => {
      await begin(TABLE, FILL, `ALTER TABLE t ${ID}`, `ALTER TABLE t REPLICA IDENTITY ${identity}`);
      expect(found(await chain.verify())).toEqual([]);
      await chain.stopCapture();
      const held = new Gate(chain.engine);
      chain.startCapture(held.engine);
      await sql(`${DROP}, ${CODE}`);
      await held.waits;
      // Other work lets capture pass on in the source's log, but not to the end of what is held.
      for (let i = 0; i < 20; i++) await Promise.all([sql("SELECT txid_current()"), sleep(20)]);
      expect([...chain.progress.tables.pending().values()]).toEqual(["key"]);
      held.open();
      while (chain.progress.tables.pending().size > 0) await sleep(20);
      expect(found(await chain.verify())).toEqual([]);
    },
    120_000,
  );
});

describe("whole rows in the log", () => {
  const CHANGES = [`ALTER TABLE t ${ID}`, `${DROP}, ${CODE}`, DROP, `ALTER TABLE t ${BOTH}`, `${DROP}, ${ID}`, DROP];

  it("raises no alarm, whether capture looks between the changes or not", async () => {
    await begin(TABLE, "ALTER TABLE t REPLICA IDENTITY FULL", FILL);
    const report = await live([...CHANGES, ...CHANGES, `ALTER TABLE t ${CODE}`], 300, (round) =>
      round % 3 === 0 ? chain.verify() : Promise.resolve(),
    );
    expect(report).toEqual([]);
  }, 300_000);

  it("raises no alarm where rows have no key and their columns change", async () => {
    await begin(TABLE, "ALTER TABLE t REPLICA IDENTITY FULL", FILL);
    const stop = new AbortController();
    const working = [0, 1].map((writer) => writeCopies(writer, stop.signal));
    for (const change of ["ADD COLUMN w int DEFAULT 3", "RENAME COLUMN v TO x", "ADD COLUMN y text"]) {
      await sleep(300);
      await sql(`ALTER TABLE t ${change}`);
      expect.soft(found(await chain.verify()).slice(0, 9)).toEqual([]);
    }
    stop.abort();
    for (const written of await Promise.all(working)) expect(written).toBeGreaterThan(5);
    expect(found(await chain.verify({ mode: "from-log" }))).toEqual([]);
  }, 300_000);

  it("names each row that was altered, removed or added behind capture meanwhile, whatever happens to it then", async () => {
    await begin(TABLE, "ALTER TABLE t REPLICA IDENTITY FULL", FILL, `ALTER TABLE t ${ID}`);
    const report = await live([`${DROP}, ${CODE}`, DROP, `ALTER TABLE t ${ID}`], 300, async (round) => {
      const at = 1 + 3 * round;
      await behind(
        `UPDATE t SET v = 'forged' WHERE id IN (${at}, ${at + 2})`,
        `DELETE FROM t WHERE id = ${at + 1}`,
        `INSERT INTO t VALUES (${-at}, ${-at}, 'added'), (${-at - 1}, ${-at - 1}, 'added')`,
      );
      await sql(`UPDATE t SET v = 'honest' WHERE id IN (${at + 2}, ${-at - 1})`);
    });
    const expected = [0, 1, 2].flatMap((round) => {
      const at = 1 + 3 * round;
      return [`altered public.t ${at}`, `altered public.t ${at + 2} contradicted`, `missing public.t ${at + 1}`].concat(
        `unexplained public.t ${-at}`,
        `altered public.t ${-at - 1} contradicted`,
      );
    });
    expect(report).toEqual(expected.toSorted());
  }, 300_000);
});

describe("keys in the log", () => {
  it("raises no alarm", async () => {
    await begin(TABLE, FILL, `ALTER TABLE t ${ID}`);
    const changes = [`${DROP}, ${CODE}`, `${DROP}, ${BOTH}`, `${DROP}, ${ID}`];
    const report = await live([...changes, ...changes], 300, (round) =>
      round % 2 === 0 ? chain.verify() : Promise.resolve(),
    );
    expect(report).toEqual([]);
  }, 300_000);

  it("names each row that was altered or added behind capture meanwhile", async () => {
    await begin(TABLE, FILL, `ALTER TABLE t ${ID}`);
    const report = await live([`${DROP}, ${CODE}`, `${DROP}, ${ID}`], 300, (round) =>
      behind(
        `UPDATE t SET v = 'forged' WHERE id = ${1 + round}`,
        `INSERT INTO t VALUES (${-1 - round}, ${-1 - round}, 'added')`,
      ),
    );
    expect(report).toEqual(
      ["altered public.t 1", "altered public.t 2", "unexplained public.t -1", "unexplained public.t -2"].toSorted(),
    );
  }, 300_000);
});
