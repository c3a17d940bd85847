/** What `source check` found, as people read it. */
import type { SourceCheck, Statement, TableCheck } from "@anamnesis/capture";
import { describe, expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import type { Session } from "../src/output/session.ts";
import { showCheck } from "../src/output/source-check.ts";

const statement = (sql: string, required: boolean): Statement => ({
  ...{ sql, required, lock: "none", cost: "none" },
  why: required ? "Needed." : "Wise.",
});

const tableWith = (name: string, ...statements: readonly Statement[]): TableCheck => ({
  ...{ name, status: "captured", why: "complete rows", identity: "full", key: ["id"] },
  ...{ subjects: { columns: [], because: "nobody" }, largeColumns: [], rows: 1, statements },
});

const many = (n: number, required: boolean) =>
  Array.from({ length: n }, (_, i) => tableWith(`t${i}`, statement(`ALTER ${i}`, required)));

function shown(found: Partial<SourceCheck>, language: "en" | "zh" = "en"): readonly string[] {
  const lines: string[] = [];
  const plain = (text: string): string => text;
  const session = {
    texts: textsFor(language),
    style: { good: plain, bad: plain, dim: plain, bold: plain },
    print: (line = "") => void lines.push(line),
  } as unknown as Session;
  const check: SourceCheck = {
    ...{ version: "18", publication: "p", slot: undefined, walKept: "1GB", limits: { warnBytes: 1, giveUpBytes: 2 } },
    ...{ problems: [], tables: [], unlogged: [], statements: [], ready: true, ...found },
  };
  showCheck({ check, product: "PostgreSQL", sees: [], cannotSee: [], applied: [] }, session);
  return lines;
}

describe("statements", () => {
  it("that are required come before optional ones, wherever they come from", () => {
    const lines = shown({
      tables: [
        tableWith("a", statement("ADVICE 1", false), statement("MUST 1", true)),
        tableWith("b", statement("ADVICE 2", false)),
      ],
      statements: [statement("MUST 2", true), statement("ADVICE 3", false)],
    });
    const start = lines.indexOf("  SET lock_timeout = '2s';");
    expect(lines.slice(start + 1, start + 8)).toEqual([
      expect.stringMatching(/^ {2}-- required: Needed\./),
      ...["  MUST 1;", "  MUST 2;"],
      expect.stringMatching(/^ {2}-- optional: Wise\./),
      ...["  ADVICE 1;", "  ADVICE 2;", "  ADVICE 3;"],
    ]);
  });

  it("that are optional are shown in part where they are many, and the rest is counted in a comment", () => {
    const lines = shown({ tables: many(205, false) });
    expect(lines.filter((l) => l.startsWith("  ALTER"))).toHaveLength(5);
    expect(lines).toContain("  -- … and 200 more: --json shows them all");
    expect(shown({ tables: many(205, false) }, "zh").join("\n")).toContain("另有 200 条：--json");
    expect(shown({ tables: many(5, false) }).join("\n")).not.toContain("--json");
  });

  it("that are required are shown whole, however many", () => {
    const lines = shown({ tables: many(205, true) });
    expect(lines.filter((l) => l.startsWith("  ALTER"))).toHaveLength(205);
    expect(lines.join("\n")).not.toContain("--json");
  });
});

describe("tables that are not in the database's log", () => {
  it("are named in one line with the remedy, without control characters", () => {
    const unlogged = ["a.quick", "a.no\u001bisy"];
    const lines = shown({ unlogged }).filter((l) => l.includes("a.quick"));
    expect(lines).toEqual([expect.stringMatching(/cannot be captured: a\.quick, a\.no·isy\. .*SET LOGGED/)]);
    expect(shown({ unlogged }, "zh").join("\n")).toMatch(/无法捕获：a\.quick, a\.no·isy。.*SET LOGGED/);
    expect(shown({}).join("\n")).not.toContain("SET LOGGED");
  });

  it("are counted from the twenty-first on", () => {
    const unlogged = Array.from({ length: 23 }, (_, i) => `a.t${i}`);
    expect(shown({ unlogged }).join("\n")).toContain("a.t19, and 3 more.");
  });
});
