import { codeOf } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { parseMisuse } from "../src/folder/misuse-config.ts";
import { type Columns, detectQueries } from "../src/misuse/detect.ts";
import { loadFacts, micros } from "../src/misuse/facts.ts";
import type { FactsReader, Row } from "../src/misuse/facts-reader.ts";
import { readRules, shownRules } from "../src/misuse/rules-file.ts";

const codeFrom = async (run: () => unknown): Promise<string | undefined> => {
  try {
    await run();
  } catch (error) {
    return codeOf(error);
  }
  return "nothing thrown";
};

const columns = (tables: Readonly<Record<string, string>>): Columns =>
  new Map(
    Object.entries(tables).map(([table, list]) => [
      table,
      new Map(list.split(" ").map((c) => [c.split(":")[0] ?? "", c.split(":")[1] ?? "text"])),
    ]),
  );

/** A database that answers each query with what is given for its name. */
function answers(
  given: Readonly<Record<string, { readonly names: readonly string[]; readonly rows: readonly Row[] }>>,
): FactsReader {
  return {
    columns: () => Promise.resolve(new Map()),
    rows(what, _sql, take) {
      const { names, rows } = given[what] ?? { names: [], rows: [] };
      if (rows.length === 0) take([], names);
      for (const row of rows) take(row, names);
      return Promise.resolve();
    },
    patients: () => Promise.resolve([]),
    dialect: (sql) => sql,
    close: () => Promise.resolve(),
  };
}

describe("[source.NAME.misuse]", () => {
  it("takes queries by name and refuses anything else", async () => {
    expect(parseMisuse({ staff: "SELECT 1" }, "source.x.misuse.")).toEqual({ staff: "SELECT 1" });
    expect(await codeFrom(() => parseMisuse({ stuff: "SELECT 1" }, "at."))).toBe("node/bad-config");
    expect(await codeFrom(() => parseMisuse({ staff: 1 }, "at."))).toBe("node/bad-config");
    expect(await codeFrom(() => parseMisuse(JSON.parse('{"__proto__": "x"}') as Record<string, unknown>, "at."))).toBe(
      "node/bad-config",
    );
  });
});

describe("detection", () => {
  it("asks only for columns that are there", () => {
    const found = detectQueries(columns({ "his.patient": "pat_id last_name city" }));
    expect(found).toEqual({
      patients: 'SELECT t."pat_id" AS patient, t."last_name" AS family, t."city" AS town FROM "his"."patient" t',
    });
  });

  it("makes relations of encounters, teams and beds, and says nothing where it knows nothing", () => {
    const found = detectQueries(
      columns({
        "public.staff": "id username ward",
        "public.visits": "id patient_id staff_id start_time end_time",
        "public.appointments": "patient_id department starts_at",
        "public.shifts": "staff_id starts_at ends_at",
      }),
    );
    expect(found.relations?.split(" UNION ALL ")).toHaveLength(2);
    expect(found.shifts).toContain(
      '(SELECT s."username" FROM "public"."staff" s WHERE s."id" = t."staff_id") AS actor',
    );
    expect(detectQueries(columns({ "public.orders": "id total" }))).toEqual({});
  });
});

describe("facts", () => {
  const patients = {
    names: ["patient", "family", "vip"],
    rows: [
      ["1", "A", "t"],
      ["2", "A", "f"],
      ["3", "B", null],
    ],
  };
  const config = { patients: "q", staff: "q", relations: "q" };

  it("keeps details of accessed patients only, but counts every name", async () => {
    const { facts, found } = await loadFacts(
      answers({
        patients,
        staff: { names: ["actor"], rows: [] },
        relations: { names: ["patient", "begins"], rows: [] },
      }),
      config,
      new Set(["1"]),
    );
    expect([facts.patient("1")?.vip, facts.patient("2"), facts.bearers("a")]).toEqual([
      true,
      undefined,
      { bearers: 2, among: 3 },
    ]);
    expect(found.map((f) => [f.query, f.from, f.rows])).toContainEqual(["patients", "configured", 3]);
    expect([facts.has("relations"), facts.has("addresses")]).toEqual([true, false]);
  });

  it("refuses a query without an indispensable column, and one with a column that means nothing", async () => {
    const load = (names: readonly string[]) =>
      codeFrom(() => loadFacts(answers({ patients: { names, rows: [] } }), { patients: "q" }, new Set()));
    expect(await load(["family"])).toBe("node/bad-mapping");
    expect(await load(["patient", "height"])).toBe("node/bad-mapping");
  });

  it.each([
    ["2026-03-01", Date.UTC(2026, 2, 1)],
    ["2026-03-01 10:20:30.123456+00", Date.UTC(2026, 2, 1, 10, 20, 30, 123)],
    ["2026-03-01 10:20:30+02", Date.UTC(2026, 2, 1, 8, 20, 30)],
    ["2026-03-01T10:20:30+0530", Date.UTC(2026, 2, 1, 4, 50, 30)],
  ])("reads the time %s", (text, ms) => {
    expect(micros(text)).toBe(ms * 1_000);
  });

  it.each([null, "", "infinity", "-infinity", "2026-13-01", "yesterday", "2026-03-01; DROP"])(
    "takes %s for no time",
    (text) => {
      expect(micros(text)).toBeNull();
    },
  );
});

describe("rules files", () => {
  it("takes back what it shows, in TOML and JSON", async () => {
    expect(readRules("rules.toml", shownRules())).toMatchObject({ version: 1, report_from: 4.5 });
    expect(readRules("rules.json", '{"version": 1}')).toEqual({ version: 1 });
    expect(await codeFrom(() => readRules("rules.toml", "version = = 1"))).toBe("misuse/bad-rules");
    expect(await codeFrom(() => readRules("rules.json", "{"))).toBe("misuse/bad-rules");
  });
});
