import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hospitalRows } from "../src/hospital/fill.ts";
import { COLUMNS, isArchived, TABLES } from "../src/hospital/rows.ts";
import { decimal, stamp } from "../src/hospital/values.ts";
import { copyLine } from "../src/text.ts";

const digest = (seed: string): string => {
  const hash = createHash("sha256");
  const rows = hospitalRows(seed, 1, 60);
  for (const table of TABLES) for (const row of rows[table]) hash.update(`${table}\t${copyLine(row)}\n`);
  return hash.digest("hex");
};

describe("the generator", () => {
  test("gives the same bytes for the same seed, others for another", () => {
    expect(digest("one")).toBe(digest("one"));
    expect(digest("one")).not.toBe(digest("two"));
  });

  test("makes the same patients whatever the stretch", () => {
    const whole = hospitalRows("s", 1, 20);
    const parts = [hospitalRows("s", 1, 7), hospitalRows("s", 8, 20)];
    for (const table of TABLES) expect(parts.flatMap((part) => part[table])).toEqual(whole[table]);
  });

  test("fills every column of every table, and repeats no key", () => {
    const rows = hospitalRows("keys", 1, 200);
    for (const table of TABLES) {
      const width = COLUMNS[table].split(" ").length;
      expect(rows[table].length, table).toBeGreaterThan(0);
      for (const row of rows[table]) expect(row.length, table).toBe(width);
      const keyWidth = { observations: 2, care_team: 3, bed_assignments: 3, device_log: 0 }[table as string] ?? 1;
      if (keyWidth === 0) continue;
      const keys = rows[table].map((row) => JSON.stringify(row.slice(0, keyWidth)));
      expect(new Set(keys).size, table).toBe(keys.length);
    }
  });

  test("has equal rows in the table without a key, NULL beside empty, and numbers with trailing zeros", () => {
    const rows = hospitalRows("hurts", 1, 300);
    const log = rows.device_log.map((row) => copyLine(row));
    expect(new Set(log).size).toBeLessThan(log.length);
    const remarks = new Set(rows.conditions.map((row) => row[8]));
    expect(remarks.has(null) && remarks.has("")).toBe(true);
    expect(rows.invoices.every((row) => row[3]?.endsWith("0"))).toBe(true);
    expect(rows.notes.every((row) => (row[5]?.length ?? 0) > 2_000)).toBe(true);
  });

  test("closes every fourth file", () => {
    const archived = hospitalRows("files", 1, 8).patients.map((row) => row[9]);
    expect(archived).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => (isArchived(n) ? "t" : "f")));
    expect(archived.filter((flag) => flag === "t")).toHaveLength(2);
  });
});

test("values keep their digits", () => {
  expect(decimal(150, 2)).toBe("1.50");
  expect(decimal(5, 2)).toBe("0.05");
  expect(decimal(7, 0)).toBe("7");
  expect(stamp(Date.UTC(2024, 1, 29, 1, 2, 3, 4), 5)).toBe("2024-02-29 01:02:03.004005+00");
});
