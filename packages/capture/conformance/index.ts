/** What every `Source` must do, as tests against a real database. Run by each adapter with what it needs to set one up. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Source } from "../src/source.ts";
import { Collector, replay, rowsOf } from "./collector.ts";

export interface SourceBench {
  /** A source on tables whose names begin with `prefix`, as a new process would open it: it knows what the last one noted. */
  open(prefix: string): Source;
  /** Runs statements one after the other on one connection. Tables that are made have whole rows in the source's log. */
  sql(...statements: readonly string[]): Promise<unknown>;
  /** The name that the source gives to a table that SQL calls `name`. */
  nameOf(name: string): string;
  close(): Promise<void>;
}

const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const TIMEOUT = 120_000;

export function sourceConformance(product: string, make: () => Promise<SourceBench>): void {
  describe(`a source: ${product}`, () => {
    let bench: SourceBench;

    beforeAll(async () => {
      bench = await make();
    }, TIMEOUT);
    afterAll(() => bench.close());

    /** Tables are made, the source begins; gives its name for them and the snapshot's rows. */
    async function begun(prefix: string, ...statements: readonly string[]) {
      await bench.sql(...statements);
      const source = bench.open(prefix);
      await source.tables();
      await source.forget();
      const snapshot = await source.begin(signal());
      const table = (await source.tables())[0];
      if (table === undefined) throw new Error("no table");
      const rows: string[] = [];
      await snapshot.rows(table, (row) => void rows.push(Buffer.from(row).toString("latin1")), signal());
      await snapshot.close();
      return { source, rows, position: snapshot.position, name: table.name };
    }

    it(
      "joins snapshot and stream: every row once, whatever is written meanwhile",
      async () => {
        await bench.sql("CREATE TABLE join_a (id INT PRIMARY KEY, v VARCHAR(40))");
        let stop = false;
        const writers = [0, 1, 2].map(async (w) => {
          for (let i = 0; !stop; i++) {
            const id = 1_000 * w + (i % 40);
            const written = bench.sql(
              ...["BEGIN", `DELETE FROM join_a WHERE id = ${id}`, `INSERT INTO join_a VALUES (${id}, 'v${w}.${i}')`],
              ...[`UPDATE join_a SET v = 'again ${i}' WHERE id = ${1_000 * w + ((i * 7) % 40)}`, "COMMIT"],
            );
            // A database may choose one of two writers and roll it back.
            await written.catch((error: unknown) => expect(String(error)).toMatch(/deadlock/i));
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 300));
        const { source, rows, position } = await begun("join_");
        await new Promise((resolve) => setTimeout(resolve, 300));
        stop = true;
        await Promise.all(writers);
        const collector = new Collector();
        await collector.readAll(source);
        expect(collector.disorder).toEqual([]);
        expect(collector.transactions.length).toBeGreaterThan(5);
        expect(collector.transactions.every((t) => t.lsn >= position)).toBe(true);
        expect(replay(rows, collector.changes)).toEqual((await rowsOf(source, bench.nameOf("join_a"))).rows);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "gives positions that rise, with room between them, and ids that never repeat",
      async () => {
        const { source } = await begun("rise_", "CREATE TABLE rise_a (id INT PRIMARY KEY, v INT)");
        for (let i = 0; i < 20; i++) await bench.sql(`INSERT INTO rise_a VALUES (${i}, ${i})`);
        const { transactions, disorder } = await collected(source);
        expect(disorder).toEqual([]);
        expect(transactions).toHaveLength(20);
        expect(new Set(transactions.map((t) => t.xid)).size).toBe(20);
        for (const [i, t] of transactions.entries()) {
          expect(t.lsn % 8n).toBe(0n);
          expect(t.end > t.lsn).toBe(true);
          const next = transactions[i + 1];
          if (next !== undefined) expect(next.lsn >= t.end).toBe(true);
        }
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "delivers again what was not acknowledged, the same in everything, and no more",
      async () => {
        const { source } = await begun("again_", "CREATE TABLE again_a (id INT PRIMARY KEY, v INT)");
        for (let i = 0; i < 6; i++)
          await bench.sql("BEGIN", `INSERT INTO again_a VALUES (${i}, 0)`, `UPDATE again_a SET v = ${i}`, "COMMIT");
        const first = new Collector();
        await first.readAll(source, (stream) => stream.acknowledge(first.transactions[2]?.end ?? 0n));
        await source.close();
        const restarted = bench.open("again_");
        await restarted.tables();
        const { resumeAt } = await restarted.life();
        expect(resumeAt !== undefined && resumeAt <= (first.transactions[2]?.end ?? 0n)).toBe(true);
        const second = await collected(restarted);
        const from = first.transactions.findIndex((t) => t.lsn === second.transactions[0]?.lsn);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from).toBeLessThanOrEqual(3);
        expect(second.transactions).toEqual(first.transactions.slice(from));
        await restarted.close();
      },
      TIMEOUT,
    );

    it(
      "goes on after an acknowledged position without repeating what was before it",
      async () => {
        const { source } = await begun("on_", "CREATE TABLE on_a (id INT PRIMARY KEY)");
        await bench.sql("INSERT INTO on_a VALUES (1)");
        const first = new Collector();
        await first.readAll(source, (stream) => stream.acknowledge(first.reached));
        await bench.sql("INSERT INTO on_a VALUES (2)");
        const second = await collected(source);
        expect(second.changes.map((c) => c.after)).toEqual(["2"]);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "tells key changes, rows without a key and emptied tables",
      async () => {
        const { source } = await begun(
          "kinds_",
          "CREATE TABLE kinds_a (id INT PRIMARY KEY, v VARCHAR(9))",
          "CREATE TABLE kinds_b (v VARCHAR(9))",
        );
        await bench.sql(
          "INSERT INTO kinds_a VALUES (1, 'a'), (2, NULL), (3, '')",
          "UPDATE kinds_a SET id = 7 WHERE id = 1",
          "INSERT INTO kinds_b VALUES ('x'), ('x')",
          "UPDATE kinds_b SET v = 'y'",
          "DELETE FROM kinds_a WHERE id = 2",
          "TRUNCATE TABLE kinds_b",
        );
        const found = await collected(bench.open("kinds_"), true);
        const a = bench.nameOf("kinds_a");
        const b = bench.nameOf("kinds_b");
        expect(found.changes).toEqual([
          { kind: "create", table: a, after: "1\ta" },
          { kind: "create", table: a, after: "2\t\\N" },
          { kind: "create", table: a, after: "3\t" },
          { kind: "update", table: a, before: "1\ta", after: "7\ta" },
          { kind: "create", table: b, after: "x" },
          { kind: "create", table: b, after: "x" },
          { kind: "update", table: b, before: "x", after: "y" },
          { kind: "update", table: b, before: "x", after: "y" },
          { kind: "delete", table: a, before: "2\t\\N" },
          { kind: "truncate", table: b },
        ]);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "says nothing of what was rolled back, and nothing of tables that are not captured",
      async () => {
        const { source } = await begun(
          "quiet_",
          "CREATE TABLE quiet_a (id INT PRIMARY KEY)",
          "CREATE TABLE other_quiet (id INT PRIMARY KEY)",
        );
        await bench.sql(
          ...["BEGIN", "INSERT INTO quiet_a VALUES (1)", "ROLLBACK"],
          ...["BEGIN", "INSERT INTO quiet_a VALUES (2)", "SAVEPOINT s", "INSERT INTO quiet_a VALUES (3)"],
          ...["ROLLBACK TO SAVEPOINT s", "COMMIT", "INSERT INTO other_quiet VALUES (1)"],
        );
        const found = await collected(source);
        expect(found.changes.map((c) => c.after)).toEqual(["2"]);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "passes positions while nothing of ours is written",
      async () => {
        const { source } = await begun(
          "idle_",
          "CREATE TABLE idle_a (id INT PRIMARY KEY)",
          "CREATE TABLE other_idle (id INT PRIMARY KEY)",
        );
        const before = (await source.life()).end;
        await bench.sql("INSERT INTO other_idle VALUES (1)");
        const { end } = await source.life();
        expect(end > before).toBe(true);
        const collector = new Collector();
        await collector.read(source, end);
        expect(collector.changes).toEqual([]);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "stops while it is paused and then goes on where it was",
      async () => {
        const rows = 50_000;
        const { source } = await begun("press_", "CREATE TABLE press_a (id INT PRIMARY KEY, v VARCHAR(200))");
        await bench.sql(fill("press_a", rows));
        let seen = 0;
        const collector = new Collector();
        let pause = (): void => undefined;
        collector.onChange = () => {
          if (++seen === 10) pause();
        };
        const stream = await source.stream(collector, { signal: signal() });
        pause = () => stream.pause();
        if (seen >= 10) pause();
        const limit = Date.now() + 20_000;
        while (seen < 10 && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 20));
        await new Promise((resolve) => setTimeout(resolve, 500));
        const held = seen;
        expect(held).toBeLessThan(rows);
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(seen).toBe(held);
        collector.onChange = undefined;
        stream.resume();
        while (collector.transactions.length === 0 && Date.now() < limit + 20_000)
          await new Promise((resolve) => setTimeout(resolve, 20));
        expect(collector.changes).toHaveLength(rows);
        expect(new Set(collector.changes.map((c) => c.after)).size).toBe(rows);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "ends by itself before a position that it was given",
      async () => {
        const { source } = await begun("until_", "CREATE TABLE until_a (id INT PRIMARY KEY)");
        await bench.sql("INSERT INTO until_a VALUES (1)");
        const snapshot = await source.snapshot(signal());
        await snapshot.close();
        await bench.sql("INSERT INTO until_a VALUES (2)");
        const collector = new Collector();
        const stream = await source.stream(collector, { signal: signal(), until: snapshot.position });
        await stream.done;
        expect(collector.changes.map((c) => c.after)).toEqual(["1"]);
        await source.close();
      },
      TIMEOUT,
    );

    it(
      "forgets its position when told to, and says so",
      async () => {
        const { source } = await begun("forget_", "CREATE TABLE forget_a (id INT PRIMARY KEY)");
        const before = await source.life();
        expect(before.resumeAt).toBeDefined();
        await source.forget();
        const after = await source.life();
        expect(after.resumeAt).toBeUndefined();
        expect(after.incarnation).toEqual(before.incarnation);
        await source.close();
      },
      TIMEOUT,
    );

    async function collected(source: Source, fresh = false): Promise<Collector> {
      if (fresh) await source.tables();
      const collector = new Collector();
      await collector.readAll(source);
      return collector;
    }
  });
}

/** One statement that makes many rows, in SQL that every database here knows. */
function fill(table: string, rows: number): string {
  const ten = (alias: string): string =>
    `(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
      UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) ${alias}`;
  const number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d";
  return `INSERT INTO ${table} SELECT n, 'a row that is long enough to fill buffers: ${"x".repeat(100)}' FROM
    (SELECT ${number} AS n FROM ${ten("a")}, ${ten("b")}, ${ten("c")}, ${ten("e")}, ${ten("f")}) g WHERE n < ${rows}`;
}
