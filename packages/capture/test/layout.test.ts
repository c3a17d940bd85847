import { utf8 } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { castsOf, formerRow, type Layout, layoutChange, recast } from "../src/layout.ts";
import type { ColumnSchema } from "../src/source.ts";

/** Columns as `id name type modifier`, the first one the key. */
function layout(id: string, ...columns: readonly string[]): Layout {
  const parsed = columns.map((text): ColumnSchema => {
    const [number = "", name = "", type = "int4", modifier = "-1"] = text.split(" ");
    const cast = `${type}(${modifier})`;
    return { id: Number(number), name, type: `pg_catalog.${type}`, modifier: Number(modifier), large: false, cast };
  });
  return { id, columns: parsed, keyColumns: [0] };
}

const back = (former: Layout, now: Layout, row: string, known: readonly Layout[] = []): string | undefined => {
  const plan = recast(former, now, known);
  if (plan === undefined) return undefined;
  const fields = row.split("\t").map((f) => utf8(f));
  return Buffer.from(formerRow(plan, fields, castsOf([plan]))).toString();
};

const BEFORE = layout("7", "1 id", "2 name varchar 24", "3 day date");

describe("a row under a former layout", () => {
  it("leaves out columns that were added, and follows renamed ones by their number", () => {
    const now = layout("7", "1 number", "3 day date", "2 called varchar 24", "4 more text");
    expect(back(BEFORE, now, "1\t2024-01-01\tAnn\tx")).toBe("1\tAnn\t2024-01-01");
    expect(layoutChange(BEFORE, now)).toBe("columns");
  });

  it("is found by names where the table was made anew", () => {
    const restored = layout("8", "9 id", "8 name varchar 24", "7 day date");
    expect(back(BEFORE, restored, "1\tAnn\t2024-01-01")).toBe("1\tAnn\t2024-01-01");
    expect(layoutChange(BEFORE, restored)).toBeUndefined();
  });

  it("cannot be told once a column is gone, also when another took its name", () => {
    expect(back(BEFORE, layout("7", "1 id", "2 name varchar 24"), "1\tAnn")).toBeUndefined();
    expect(back(BEFORE, layout("7", "1 id", "2 name varchar 24", "4 day date"), "1\tAnn\t\\N")).toBeUndefined();
  });

  describe("whose columns have exchanged their names", () => {
    const swapped = layout("7", "1 id", "2 b varchar 24", "3 a varchar 24");
    const first = layout("7", "1 id", "2 a varchar 24", "3 b varchar 24");

    it("is held to the names: whoever reads them reads other values", () => {
      expect(back(first, swapped, "1\tleft\tright")).toBe("1\tright\tleft");
      expect(layoutChange(first, swapped)).toBe("columns");
    });

    it("is held to the name when a column took that of a dropped one", () => {
      expect(back(first, layout("7", "1 id", "3 a varchar 24"), "1\tright")).toBe("1\tright\tright");
    });

    it("cannot be told when it happened in several steps", () => {
      const second = layout("7", "1 id", "2 x varchar 24", "3 b varchar 24");
      const third = layout("7", "1 id", "2 x varchar 24", "3 a varchar 24");
      expect(back(first, second, "1\tleft\tright", [first])).toBe("1\tleft\tright");
      expect(back(second, third, "1\tleft\tright", [first, second])).toBeUndefined();
      expect(back(third, swapped, "1\tleft\tright", [first, second, third])).toBeUndefined();
    });

    it("is told when the other column is gone since", () => {
      const gone = layout("7", "1 id", "3 b varchar 24");
      const now = layout("7", "1 id", "3 a varchar 24");
      expect(back(gone, now, "1\tright", [first, gone])).toBe("1\tright");
    });

    it("is told when a name went away and came back", () => {
      const away = layout("7", "1 id", "2 x varchar 24", "3 b varchar 24");
      expect(back(away, first, "1\tleft\tright", [first, away])).toBe("1\tleft\tright");
    });
  });

  it.each([
    ["varchar", "24", "varchar", "54"],
    ["varchar", "24", "text", "-1"],
    ["int4", "-1", "int8", "-1"],
    ["int4", "-1", "numeric", "-1"],
    ["numeric", "655366", "numeric", "786438"],
    ["numeric", "655366", "numeric", "-1"],
  ])("keeps its text from %s(%s) to %s(%s), without a cast", (type, modifier, next, nextModifier) => {
    const plan = recast(
      layout("7", "1 id", `2 v ${type} ${modifier}`),
      layout("7", "1 id", `2 v ${next} ${nextModifier}`),
    );
    expect(plan === undefined ? undefined : castsOf([plan])).toEqual([]);
  });

  it.each([
    ["date", "-1", "timestamp", "-1"],
    ["numeric", "655366", "numeric", "655368"],
    ["numeric", "-1", "numeric", "655366"],
    ["int4", "-1", "float8", "-1"],
    ["bpchar", "24", "text", "-1"],
  ])("is cast back from what %s(%s) became, %s(%s)", (type, modifier, next, nextModifier) => {
    const former = layout("7", "1 id", `2 v ${type} ${modifier}`, "3 w text");
    const now = layout("7", "1 id", `2 v ${next} ${nextModifier}`, "3 w text");
    const plan = recast(former, now);
    expect(plan === undefined ? undefined : castsOf([plan])).toEqual([{ from: 1, type: `${type}(${modifier})` }]);
    expect(back(former, now, "1\tnew\tw\told")).toBe("1\told\tw");
    // A cast that loses something, and SQL's NULL, leave the text as it is.
    expect(back(former, now, "1\tnew\tw\t\\N")).toBe("1\tnew\tw");
    expect(back(former, now, "1\t\\N\tw\t\\N")).toBe("1\t\\N\tw");
  });

  const labelled = (...labels: [number, string][]): Layout => {
    const { columns, ...rest } = layout("7", "1 id", "2 mood mood");
    return { ...rest, columns: columns.map((c, i) => (i === 1 ? { ...c, labels } : c)) };
  };

  it("takes no label for another one whose name it was, in one step or in several", () => {
    const former = labelled([1, "negative"], [2, "positive"]);
    const swapped = labelled([1, "positive"], [2, "negative"]);
    expect(back(former, swapped, "1\tpositive")).toBe("1\tpositive");
    const second = labelled([1, "x"], [2, "positive"]);
    const third = labelled([1, "x"], [2, "negative"]);
    expect(back(former, second, "1\tx", [former])).toBe("1\tnegative");
    expect(back(second, third, "1\tnegative", [former, second])).toBe("1\tnegative");
    expect(back(second, former, "1\tnegative", [former, second])).toBe("1\tx");
  });

  it("says renamed labels as they were then, escapes included", () => {
    const former = labelled([1, "calm"], [2, "me\trry"]);
    const now = labelled([1, "calm"], [2, "ha\\ppy"], [3, "tired"]);
    expect(back(former, now, "1\tha\\\\ppy")).toBe("1\tme\\trry");
    expect(back(former, now, "1\tcalm")).toBe("1\tcalm");
    expect(layoutChange(former, now)).toBe("labels");
    expect(layoutChange(former, labelled([1, "calm"], [2, "me\trry"], [3, "new"]))).toBeUndefined();
  });

  it("is another change when the key is another, or there is none", () => {
    const wide = layout("7", "1 id", "2 b");
    expect(layoutChange(wide, { ...wide, keyColumns: [1, 0] })).toBe("key");
    expect(layoutChange(wide, { ...wide, keyColumns: [] })).toBe("key");
    const none = { ...wide, keyColumns: [] };
    expect(layoutChange(none, { ...layout("7", "1 id", "2 b", "3 c"), keyColumns: [] })).toBe("key");
    expect(layoutChange(wide, layout("7", "1 number", "2 b"))).toBe("columns");
  });
});
