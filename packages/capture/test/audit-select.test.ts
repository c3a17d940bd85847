import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Extent, extents } from "../src/audit/access.ts";
import { keyText } from "../src/audit/key-text.ts";
import type { Parameters } from "../src/audit/pins.ts";
import { readSelect } from "../src/audit/select.ts";
import { scan } from "../src/audit/sql-tokens.ts";
import { auditTable } from "./audit-tables.ts";

const patients = auditTable(
  "public.patients",
  [
    ["id", "int4"],
    ["mrn", "text"],
    ["name", "text"],
  ],
  [0],
  [0],
);
const notes = auditTable(
  "public.notes",
  [
    ["id", "int8"],
    ["patient_id", "int4"],
    ["body", "text"],
  ],
  [0],
  [1],
);
const stays = auditTable(
  "public.stays",
  [
    ["ward", "text"],
    ["day", "date"],
    ["patient_id", "int4"],
  ],
  [0, 1],
  [2],
);

/** What a statement says of a table. */
function read(sql: string, parameters: Parameters = [], table = patients): readonly Extent[] {
  const tokens = scan(sql)?.tokens ?? [];
  const select = readSelect(tokens, parameters);
  const from = select?.from.filter((f) => f.name === table.name.split(".")[1]) ?? [];
  if (select === undefined || from.length !== 1) return [{ kind: "table" }];
  return extents(table, select.pins);
}

const row = (...key: string[]): Extent => ({ kind: "row", key });
const whole: readonly Extent[] = [{ kind: "table" }];

describe("the rows of a SELECT", () => {
  it.each<[string, Parameters, readonly Extent[]]>([
    ["select * from patients where id = 7", [], [row("7")]],
    ["SELECT name FROM public.patients WHERE id=$1;", ["42"], [row("42")]],
    ["select * from patients p where p.id = 007 and name like 'A%'", [], [row("7")]],
    ["select * from patients as p where 7 = p.id for update", [], [row("7")]],
    ["select * from patients where id in (1, 2, $1)", ["3"], [row("1"), row("2"), row("3")]],
    ["select * from patients where id = any($1)", ["{1,2}"], [row("1"), row("2")]],
    ["select * from patients where id = any('{1,2}'::int[])", [], [row("1"), row("2")]],
    ["select * from patients where id = any(array[1,2])", [], [row("1"), row("2")]],
    ["select * from patients where (id = 1) and (mrn is not null) order by name limit 5", [], [row("1")]],
    ["select extract(year from now()), name from patients where id = 1::bigint", [], [row("1")]],
    ["prepare s(int) as select * from patients where id=$1", ["12"], [row("12")]],
    ["declare c cursor for select * from patients where id=9", [], [row("9")]],
    ["copy (select * from patients where id = 4) to stdout", [], [row("4")]],
    [`select * from patients where "id" = 1 and mrn = 'O''Hara'`, [], [row("1")]],
    ["select * from patients -- where id = 2\n where id = 1", [], [row("1")]],
    ["select * from patients /* or /* nested */ true */ where id = 1", [], [row("1")]],
  ])("are certain in: %s", (sql, parameters, expected) => {
    expect(read(sql, parameters)).toEqual(expected);
  });

  it.each([
    "select * from patients",
    "select * from patients where id > 7",
    "select * from patients where id = 7 or true",
    "select * from patients where (id = 7) or (name = 'x')",
    "select * from patients where (id = 7 or id = 8)",
    "select * from patients where not (id = 7)",
    "select * from patients where (id = 7) is not null",
    "select * from patients where (id = 7) = false",
    "select * from patients where id = 7 is false",
    "select * from patients where id = 7 + 0",
    "select * from patients where id = 7 and leak(name)",
    "select * from patients where leak(name) and id = 7",
    "select * from patients where id = f(7)",
    "select * from patients where id = (select 7)",
    "select * from patients where id = 7 union all select * from patients",
    "select * from patients where id = 7 union all table patients",
    "select * from patients where id = 7; select * from patients",
    "with p as (select * from patients) select * from p where id = 7",
    "select (select string_agg(name, ',') from patients) from patients where id = 7",
    "select * from patients as p(mrn, id, name) where id = 7",
    "select * from patients p, patients q where p.id = 7",
    "select * from notes n join patients p using (id) where p.id = 7",
    "select * from patients(1) where id = 7",
    "select * from patients where id::boolean = '7'",
    "select * from patients where id = 7::boolean::int",
    "select * from patients where id = '7'::char(1)",
    "select 1 +--from patients where id = 7 limit 1\n 1, * from patients",
    "select 1 +/*from patients where id = 7 limit*/ 1, * from patients",
    "select * from patients where mrn = 'a\\' or true or mrn = ' and id = 7",
    "select * from patients where mrn = E'a\\' or true or mrn = ' or id = 7",
    "select * from patients where id = U&'7'",
    "select * from patients where id = $1",
    "select * from patients where id between 7 and 7",
    "select * from patients where id not in (7)",
    "select * from patients where id = 7 group by id, name having true or leak(name) union select 1",
    "update patients set name = 'x' where id = 7 returning *",
    "",
    "select",
    "select * from patients where",
    "select * from patients where id = 'unended",
    "select * from patients where id = 7 /* unended",
  ])("are all of the table in: %s", (sql) => {
    expect(read(sql)).toEqual(whole);
  });

  it("are those of one patient where the key is not told", () => {
    const mine = { kind: "patient", column: "patient_id", value: "5" };
    expect(read("select * from notes where patient_id = 5 order by id", [], notes)).toEqual([mine]);
    expect(read("select * from notes where patient_id = $1 and body <> ''", ["5"], notes)).toEqual([mine]);
    expect(read("select * from notes n where id = 3 and patient_id = 5", [], notes)).toEqual([row("3")]);
  });

  it("need every column of the key", () => {
    const sql = "select * from stays where ward = 'W1'";
    expect(read(sql, [], stays)).toEqual(whole);
    expect(read(`${sql} and day = '2026-01-02'`, [], stays)).toEqual([row("W1", "2026-01-02")]);
    expect(read(`${sql} and day in ('2026-01-02', '2026-01-03')`, [], stays)).toHaveLength(2);
    expect(read(`${sql} and day = 'yesterday'`, [], stays)).toEqual(whole);
  });

  it("are all of the table when a list is longer than the limit", () => {
    const ids = (n: number) => Array.from({ length: n }, (_, i) => i).join(",");
    expect(read(`select * from patients where id in (${ids(1000)})`)).toHaveLength(1000);
    expect(read(`select * from patients where id in (${ids(1001)})`)).toEqual(whole);
  });

  it("are never narrowed by something appended to the condition", () => {
    const tail = fc.stringMatching(/^[a-z0-9 ()='"*,;$:<>+-]{1,30}$/);
    fc.assert(
      fc.property(tail, (text) => {
        const sql = `select * from patients where id = 7 or ${text}`;
        expect(read(sql)).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it("any text is read without an exception", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void read(text)),
      { numRuns: 500 },
    );
  });
});

describe("the text of a key", () => {
  it.each([
    ["int4", -1, "0042", "42"],
    ["int8", -1, "-7", "-7"],
    ["int4", -1, "7.0", undefined],
    ["int4", -1, " 7", undefined],
    ["uuid", -1, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["uuid", -1, "a0eebc99", undefined],
    ["bpchar", 9, "ab", "ab   "],
    ["date", -1, "2026-02-01", "2026-02-01"],
    ["date", -1, "1 Feb 2026", undefined],
    ["timestamptz", -1, "2026-02-01 00:00:00+00", "2026-02-01 00:00:00+00"],
    ["timestamptz", -1, "2026-02-01 00:00:00+02", undefined],
    ["timestamptz", -1, "2026-02-01 00:00:00.50+00", undefined],
    ["numeric", -1, "1", undefined],
  ])("%s (%i) from %s is %s", (type, modifier, written, expected) => {
    expect(keyText(`pg_catalog.${type}`, modifier, written)).toBe(expected);
  });
});
