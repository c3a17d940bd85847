/** Every type of MariaDB: the text from a SELECT and the text from the binary log must be the same bytes. */
import { randomFillSync, randomInt } from "node:crypto";
import { join } from "node:path";
import { fileMemory } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MariadbPlace, mariadbPlace, mariadbSourceAt, noMariadb, streamed } from "./mariadb-place.ts";

const INTS = ["0", "1", "-1", "7"];
const TEXTS = ["''", "'a'", "'a  '", "'tab\\tline\\nback\\\\slash'", "'äöü'", "'中文'", "'\\0x'"];

/** Column definition → values as SQL. NULL is added to each. */
const TYPES: readonly (readonly [string, readonly string[]])[] = [
  ["TINYINT", [...INTS, "127", "-128"]],
  ["TINYINT UNSIGNED", ["0", "255"]],
  ["BOOLEAN", ["TRUE", "FALSE"]],
  ["SMALLINT", [...INTS, "32767", "-32768"]],
  ["SMALLINT UNSIGNED", ["65535"]],
  ["MEDIUMINT", [...INTS, "8388607", "-8388608"]],
  ["MEDIUMINT UNSIGNED", ["16777215"]],
  ["INT", [...INTS, "2147483647", "-2147483648"]],
  ["INT UNSIGNED", ["4294967295"]],
  ["INT(9) ZEROFILL", ["0", "42", "4294967295"]],
  ["BIGINT", [...INTS, "9223372036854775807", "-9223372036854775808", "9007199254740993"]],
  ["BIGINT UNSIGNED", ["18446744073709551615", "9007199254740993"]],
  ["BIGINT(20) ZEROFILL", ["0", "17"]],
  ["DECIMAL(65,30)", ["0", "-0.000000000000000000000000000001", "12345678901234567890123456789012345.5", "-1"]],
  ["DECIMAL(10,2)", ["0", "-0.01", "99999999.99", "-99999999.99", "123456.7"]],
  ["DECIMAL(18,9)", ["-123456789.987654321", "0.000000001"]],
  ["DECIMAL(7)", ["0", "-1", "1234567"]],
  ["DECIMAL(5,5)", ["0.99999", "-0.00001"]],
  ["DECIMAL(8,3) ZEROFILL", ["0", "1.5", "99999.999"]],
  ["FLOAT", ["0", "-0e0", "16777217.3", "0.1", "3.4028234e38", "1e-45", "-1.17549435e-38", "100000000"]],
  ["FLOAT(7,2)", ["12345.67", "0.01"]],
  ["FLOAT ZEROFILL", ["1.5"]],
  [
    "DOUBLE",
    [
      "0",
      "-0e0",
      "0.1",
      "1.7976931348623157e308",
      "5e-324",
      "-1.2345678901234567e-300",
      "1e21",
      "1e20",
      "123456789012345680000",
    ],
  ],
  ["DOUBLE(10,3)", ["1.0005", "-99.999"]],
  ["BIT(1)", ["b'0'", "b'1'"]],
  ["BIT(9)", ["b'101010101'", "b'1'"]],
  ["BIT(64)", ["b'1'", "0xFFFFFFFFFFFFFFFF"]],
  ["DATE", ["'2024-02-29'", "'0000-00-00'", "'9999-12-31'", "'1000-01-01'", "'2024-00-00'"]],
  ["TIME", ["'00:00:00'", "'838:59:59'", "'-838:59:59'", "'-00:00:01'"]],
  ["TIME(1)", ["'-00:00:00.5'", "'01:02:03.4'"]],
  ["TIME(3)", ["'-12:34:56.789'", "'00:00:00.001'"]],
  ["TIME(6)", ["'-838:59:59.999999'", "'00:00:00.000001'", "'-00:00:00.000001'"]],
  ["DATETIME", ["'2024-02-29 23:59:59'", "'0000-00-00 00:00:00'", "'9999-12-31 23:59:59'"]],
  ["DATETIME(2)", ["'2024-02-29 23:59:59.12'"]],
  ["DATETIME(5)", ["'2024-02-29 23:59:59.12345'"]],
  ["DATETIME(6)", ["'2024-02-29 23:59:59.123456'", "'0000-00-00 00:00:00.000000'", "'1000-01-01 00:00:00.000001'"]],
  [
    "TIMESTAMP NULL",
    ["'2024-02-29 23:59:59'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'"],
  ],
  ["TIMESTAMP(6) NULL", ["'2024-02-29 23:59:59.654321'", "'0000-00-00 00:00:00'"]],
  ["TIMESTAMP(4) NULL", ["'2024-02-29 23:59:59.6543'"]],
  ["YEAR", ["1901", "2155", "0", "2024"]],
  ["CHAR(10)", TEXTS],
  ["CHAR(255)", TEXTS],
  ["CHAR(20) CHARACTER SET latin1", ["'Müller'", "'a  '"]],
  ["VARCHAR(20) CHARACTER SET latin1", ["'Müller €'", "'a  '"]],
  ["VARCHAR(20) CHARACTER SET gbk", ["'中文'", "'a\\\\b'"]],
  ["VARCHAR(20) CHARACTER SET ucs2", ["'中\\t文'"]],
  ["VARCHAR(40)", TEXTS],
  ["VARCHAR(400)", [...TEXTS, "REPEAT('x', 400)"]],
  ["TINYTEXT", TEXTS],
  ["TEXT", [...TEXTS, "REPEAT('long ', 10000)"]],
  ["TEXT CHARACTER SET gbk", ["'中文 long'"]],
  ["MEDIUMTEXT", TEXTS],
  ["LONGTEXT", [...TEXTS, "REPEAT('x', 300000)"]],
  ["VARCHAR(100) COMPRESSED", [...TEXTS, "REPEAT('x', 100)"]],
  ["TEXT COMPRESSED", [...TEXTS, "REPEAT('abc', 5000)"]],
  ["BLOB COMPRESSED", ["''", "0x00FF", "REPEAT(0x00, 5000)"]],
  ["JSON", ['\'{"a": [1, 2.50, null], "ü": "x"}\'', "'[]'"]],
  ["BINARY(4)", ["''", "0x00", "0x61620000", "0xFFFFFFFF", "'a '"]],
  ["BINARY(255)", ["0x01"]],
  ["VARBINARY(10)", ["''", "0x00", "0x6100", "0x090A5C"]],
  ["TINYBLOB", ["''", "0x00FF"]],
  ["BLOB", ["''", "0x00FF0A0D5C", "REPEAT(0xAB, 70)"]],
  ["MEDIUMBLOB", ["0x01"]],
  ["LONGBLOB", ["REPEAT(0xCD, 200000)"]],
  ["ENUM('ward','a,b','it''s','')", ["'ward'", "'a,b'", "'it''s'", "''"]],
  ["ENUM('ä','ö') CHARACTER SET latin1", ["'ä'", "'ö'"]],
  ["SET('a','b','c d')", ["''", "'a'", "'a,c d'", "'a,b,c d'"]],
  [
    "UUID",
    [
      "'550e8400-e29b-41d4-a716-446655440000'",
      "'2ed09e15-e540-11f1-add5-02fc00000001'",
      "'018f2b3c-1234-7abc-8def-0123456789ab'",
      "'00000000-0000-0000-0000-000000000000'",
    ],
  ],
  ["INET6", ["'2001:db8::1'", "'::'", "'::ffff:1.2.3.4'"]],
  ["INET4", ["'10.0.0.1'", "'0.0.0.0'"]],
  ["GEOMETRY", ["POINT(1, 2)", "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"]],
  ["POINT", ["POINT(-1.5, 1e300)"]],
  ["LINESTRING", ["ST_GeomFromText('LINESTRING(0 0,1 1)')"]],
];

/** Whatever a server may be preset to, short of lying about the protocol. */
const HOSTILE = {
  "sql-mode": "PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
  "default-time-zone": "+13:00",
  "character-set-server": "latin1",
  "lc-time-names": "de_DE",
  "init-connect": "SET character_set_results = gbk, sql_select_limit = 1, time_zone = '-11:00'",
  "binlog-row-event-max-size": "1024",
};

const name = "rows of MariaDB from snapshot and binary log";
describe.skipIf(noMariadb(name)).each([
  ["as usual", {}],
  ["hostile settings, compressed log", { ...HOSTILE, "log-bin-compress": "ON", "log-bin-compress-min-len": "10" }],
] as const)(`${name}: %s`, (_, settings) => {
  let place: MariadbPlace;

  beforeAll(async () => {
    place = await mariadbPlace(settings);
  }, 60_000);
  afterAll(() => place.remove());

  it("are the same bytes for every type", async () => {
    const tables = TYPES.map(([type, values], i) => ({ name: `t${String(i).padStart(2, "0")}`, type, values }));
    const quiet = ["SET sql_mode = ''", "SET NAMES utf8mb4", "SET time_zone = '+00:00'"];
    await place.sql(
      ...quiet,
      ...tables.map(
        (t) => `CREATE TABLE ${t.name} (k INT PRIMARY KEY, v ${t.type}) ENGINE=InnoDB CHARACTER SET utf8mb4`,
      ),
    );
    const source = mariadbSourceAt(place);
    await source.tables();
    const empty = await source.begin(AbortSignal.timeout(10_000));
    await empty.close();
    await place.sql(
      ...quiet,
      ...tables.flatMap((t) => [...t.values, "NULL"].map((v, i) => `INSERT INTO ${t.name} VALUES (${i}, ${v})`)),
      ...tables.map((t) => `UPDATE ${t.name} SET k = -k - 1 WHERE k = 0`),
    );
    const changes = await streamed(source);
    const later = await source.snapshot(AbortSignal.timeout(10_000));
    for (const t of tables) {
      const schema = (await source.tables()).find((s) => s.name === `hospital.${t.name}`);
      const rows: string[] = [];
      if (schema === undefined) throw new Error(`${t.type} is not captured`);
      await later.rows(
        schema,
        (row) => void rows.push(Buffer.from(row).toString("latin1")),
        AbortSignal.timeout(10_000),
      );
      const own = changes.filter((c) => c.table === schema.name);
      const first = own.filter((c) => c.kind === "update").map((c) => c.after);
      const created = own.filter((c) => c.kind === "create").map((c) => c.after);
      const logged = [...first, ...created.slice(1)];
      expect.soft({ type: t.type, rows: logged }).toEqual({ type: t.type, rows });
      expect.soft(own.find((c) => c.kind === "update")?.before).toBe(created[0]);
      expect.soft(new Set(own.map((c) => c.schema))).toEqual(new Set([toHex(schema.schemaId)]));
      expect.soft(rows).toHaveLength(t.values.length + 1);
    }
    await later.close();
  }, 120_000);

  it("are the same numbers for thousands of random ones", async () => {
    const double = Buffer.alloc(8);
    const doubles = Array.from({ length: 3_000 }, () => {
      randomFillSync(double);
      const value = double.readDoubleLE();
      return Number.isFinite(value) ? value : 1;
    });
    const digits = (n: number): string => Array.from({ length: n }, () => randomInt(10)).join("");
    const values = doubles.map(
      (d, i) =>
        `(${i}, ${d.toExponential()}, ${(d % 3.4e38).toExponential()}, ${d < 0 ? "-" : ""}${digits(35)}.${digits(30)})`,
    );
    await place.sql(
      "SET sql_mode = ''",
      "CREATE TABLE numbers (k INT PRIMARY KEY, d DOUBLE, f FLOAT, n DECIMAL(65,30)) ENGINE=InnoDB",
    );
    const source = mariadbSourceAt(place, {
      include: ["hospital.numbers"],
      memory: fileMemory(join(place.dir, "numbers")),
    });
    const [table] = await source.tables();
    if (table === undefined) throw new Error("no table");
    await (await source.begin(AbortSignal.timeout(10_000))).close();
    await place.sql("SET sql_mode = ''", `INSERT INTO numbers VALUES ${values.join(",")}`);
    const logged = (await streamed(source)).map((c) => c.after);
    const rows: string[] = [];
    const later = await source.snapshot(AbortSignal.timeout(10_000));
    await later.rows(table, (row) => void rows.push(Buffer.from(row).toString("latin1")), AbortSignal.timeout(10_000));
    await later.close();
    expect(logged).toEqual(rows);
    expect(rows.map((row) => Number(row.split("\t")[1]))).toEqual(doubles);
  }, 60_000);
});
