/**
 * The canonical row over all of `pg_type`: each type goes through baseline, stream and verify, each under other presets of
 * role, database and server. Capture commits to the bytes that the stream or the snapshot brought and verify recomputes from
 * COPY, so no finding means byte-equal text; then one small change per type is made behind capture, and each is named.
 */
import { connect, withClient } from "@anamnesis/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyTypeSql, PREPARE, type TypeCase, typeCases } from "./types/cases.ts";
import { type KeyTable, makeKeyTables } from "./types/keys.ts";
import { type Presets, preset, presetsOf, reset, unknownSettings } from "./types/presets.ts";
import { ONLY_NULL } from "./types/samples.ts";
import { missing, startOf, suiteVersions } from "./types/versions.ts";
import { Chain } from "./verify-chain.ts";

describe.each(suiteVersions)("every type of PostgreSQL %i", (version) => {
  const name = `every type of PostgreSQL ${version}`;
  describe.skipIf(missing(version, name))("under hostile presets", () => {
    let chain: Chain;
    let cases: readonly TypeCase[];
    let presets: Presets;
    let keyTables: readonly KeyTable[];

    const run = (statements: readonly string[]): Promise<void> =>
      withClient({ url: chain.url }, async (client) => {
        for (const statement of statements) await client.query(statement);
      });
    /** Everything a verification finds, of whatever kind. */
    const findings = async (mode: "cache" | "from-log"): Promise<readonly string[]> => {
      chain.startCapture();
      const report = await chain.verify({ mode });
      await chain.stopCapture();
      expect(report.rows).toBeGreaterThan(cases.length);
      const { altered, missing: gone, unexplained, unvouched, erased } = report;
      return [...altered, ...gone, ...unexplained, ...unvouched, ...erased].map((f) => `${f.kind} ${f.table} ${f.key}`);
    };

    beforeAll(async () => {
      const prepare = async (url: string): Promise<void> => {
        const client = await connect({ url });
        for (const statement of PREPARE) await client.query(statement);
        await client.query(await everyTypeSql(client, version));
        cases = await typeCases(client, version);
        await client.query(tableSql(cases));
        for (const [column, c] of cases.entries()) await client.query(insertSql(c, column, 0));
        keyTables = await makeKeyTables(url, cases);
        presets = await presetsOf(client);
        await client.end();
      };
      chain = await Chain.start(prepare, startOf(version));
    });
    afterAll(() => chain?.close());

    it("covers every built-in type, and forgives none that lacks samples", () => {
      expect(cases.length).toBeGreaterThan(170);
      const empty = cases.filter((c) => c.values.length < 2).map((c) => c.name);
      expect(empty.toSorted()).toEqual(Object.keys(ONLY_NULL).toSorted());
    });

    it("knows every parameter that can be preset", async () => {
      expect(await withClient({ url: chain.url }, unknownSettings)).toEqual([]);
    });

    it("gives the same rows from the snapshot and to verify", async () => {
      await run(preset("ALTER ROLE postgres SET", presets.first));
      await chain.captureOnce();
      expect(await findings("cache")).toEqual([]);
      await run([...reset("ALTER ROLE postgres"), ...preset("ALTER DATABASE hospital SET", presets.second)]);
      expect(await findings("from-log")).toEqual([]);
    });

    it("gives the same rows from the stream, and under the server's own configuration", async () => {
      await run(cases.map((c, column) => changeSql(c, column)));
      await chain.captureOnce();
      await run([
        ...reset("ALTER DATABASE hospital"),
        ...preset("ALTER SYSTEM SET", bearable(presets.first)),
        "SELECT pg_reload_conf()",
      ]);
      expect(await findings("cache")).toEqual([]);
      await run([...preset("ALTER ROLE postgres IN DATABASE hospital SET", presets.second)]);
      expect(await findings("from-log")).toEqual([]);
      await run([
        ...reset("ALTER ROLE postgres"),
        ...reset("ALTER ROLE postgres IN DATABASE hospital"),
        ...reset("ALTER SYSTEM"),
        "SELECT pg_reload_conf()",
      ]);
      expect(await findings("cache")).toEqual([]);
    });

    it("names one row by a key of any type, as a finding names it", async () => {
      expect(keyTables.flatMap((t) => t.columns).length).toBeGreaterThan(100);
      chain.startCapture();
      for (const { table } of keyTables) {
        const published = (how: string): string => `ALTER PUBLICATION anamnesis_ehr ${how} TABLE ${table}`;
        await run([`BEGIN; ${published("DROP")}; UPDATE ${table} SET n = n + 10; ${published("ADD")}; COMMIT`]);
        const { altered } = await chain.verify({ table });
        expect(altered).toHaveLength(2);
        for (const { key } of altered) {
          const one = await chain.verify({ table, key });
          expect(one.rows).toBe(1);
          expect(one.altered.map((f) => f.key)).toEqual([key]);
        }
        await run([`BEGIN; ${published("DROP")}; UPDATE ${table} SET n = n - 10; ${published("ADD")}; COMMIT`]);
      }
      await chain.stopCapture();
    });

    it("lets no change of any type pass", async () => {
      const changed = [...cases.entries()].filter(([, c]) => c.values.length > 1);
      await run([plantSql(changed)]);
      chain.startCapture();
      const report = await chain.verify();
      await chain.stopCapture();
      expect(report.altered.map((f) => `${f.table} ${f.key}`).toSorted()).toEqual(
        changed.map(([column]) => `ward.every ${id(column, 1)}`).toSorted(),
      );
      expect(report.totals).toMatchObject({ missing: 0, unexplained: 0, unvouched: 0 });
    });
  });
});

/** A server whose configuration ends each transaction after a millisecond lets nobody in at all: not our quarrel. */
const bearable = (values: Presets["first"]): Presets["first"] =>
  values.filter(([name]) => name !== "transaction_timeout");

/** Row (column, value) has that value in that column and NULL in all others; value 0 is NULL too. */
const id = (column: number, value: number): number => 100 * column + value;

const insertSql = (c: TypeCase, column: number, from: number): string =>
  ["NULL", ...c.values]
    .map((v, i) => `INSERT INTO ward.every (id, c${column}) VALUES (${from + id(column, i)}, ${v});`)
    .join("");

const tableSql = (cases: readonly TypeCase[]): string =>
  `CREATE TABLE ward.every (id int PRIMARY KEY, ${cases.map((c, i) => `c${i} ${c.type}`).join(", ")});
   ALTER TABLE ward.every REPLICA IDENTITY FULL`;

/** New rows, each value over NULL and over another value, an update that alters nothing, and deletes. */
function changeSql(c: TypeCase, column: number): string {
  const set = (v: string, row: number): string => `UPDATE ward.every SET c${column} = ${v} WHERE id = ${row};`;
  const [one, two] = [1_000_000 + id(column, 0), 2_000_000 + id(column, 0)];
  const next = c.values.map((_, i) => c.values[(i + 1) % c.values.length] ?? "NULL");
  return `BEGIN; ${insertSql(c, column, 1_000_000)} ${insertSql(c, column, 2_000_000)}
    ${next.map((v, i) => set(v, one + 1 + i)).join("")} ${set(c.values[0] ?? "NULL", one)} ${set("NULL", one + 1)}
    UPDATE ward.every SET id = id WHERE id BETWEEN ${two} AND ${two + 99}; DELETE FROM ward.every WHERE id = ${two}; COMMIT`;
}

/** One transaction in which the table is not published: the stream leaves the changes out. */
function plantSql(changed: readonly (readonly [column: number, c: TypeCase])[]): string {
  const published = (how: string): string => `ALTER PUBLICATION anamnesis_ehr ${how} TABLE ward.every;`;
  const updates = changed.map(
    ([column, c]) => `UPDATE ward.every SET c${column} = ${c.values[1]} WHERE id = ${id(column, 1)};`,
  );
  return `BEGIN; ${published("DROP")} ${updates.join("")} ${published("ADD")} COMMIT`;
}
