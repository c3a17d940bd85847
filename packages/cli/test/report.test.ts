/** A verification as people read it. */
import type { Finding, FindingKind, VerifyReport } from "@anamnesis/capture";
import { describe, expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import { showReport } from "../src/output/report.ts";
import type { Session } from "../src/output/session.ts";

const KINDS: readonly FindingKind[] = ["altered", "missing", "unexplained", "erased", "unvouched"];

function finding(kind: FindingKind, key: string, more: Partial<Finding> = {}): Finding {
  return { table: "public.t", key, kind, lastEvent: { index: 7, time: 0, actor: null }, ...more };
}

function shown(findings: readonly Finding[], more: Partial<VerifyReport> = {}, language: "en" | "zh" = "en"): string[] {
  const lines: string[] = [];
  const plain = (text: string): string => text;
  const session = {
    texts: textsFor(language),
    style: { good: plain, bad: plain, dim: plain },
    print: (line = "") => void lines.push(line),
  } as unknown as Session;
  const of = (kind: FindingKind) => findings.filter((f) => f.kind === kind);
  const lists = Object.fromEntries(KINDS.map((k) => [k, of(k)]));
  const totals = Object.fromEntries(KINDS.map((k) => [k, of(k).length]));
  const report = {
    ...{
      rows: 9,
      ...lists,
      totals,
      notCovered: [],
      unattributed: 0,
      accepted: { rows: [], total: 0 },
      mode: "cache",
      position: null,
      seconds: 0,
    },
    ...{ checkpoint: { origin: "o", size: 1, root: "" }, ...more },
  } as unknown as VerifyReport;
  showReport(report, session);
  return lines;
}

const many = (n: number, more: Partial<Finding>) =>
  Array.from({ length: n }, (_, i) => finding("unvouched", `${i}`, { ...more }));

describe("a report", () => {
  it("says of rows that were put back which older event they equal", () => {
    const lines = shown([finding("altered", "1", { equalsEvent: 3 }), finding("altered", "2")]);
    expect(lines.join("\n")).toContain("as event 3, not event 7");
    expect(lines).toContain("1 row holds what an older event says: it was put back.");
    expect(shown([finding("altered", "2")]).join("\n")).not.toContain("put back");
    expect(shown([finding("unexplained", "1", { equalsEvent: 3 })], {}, "zh").join("\n")).toContain("同事件 3");
  });

  it("puts alterations before a flood of rows whose columns changed, which is one line", () => {
    const flood = many(30_012, { table: "public.onecol", columnsChanged: true });
    const lines = shown([...flood, finding("unvouched", "9"), finding("missing", "8"), finding("altered", "7")]);
    expect(lines[0]).toBe("30015 findings");
    const cells = lines.slice(2, 6).map((l) => l.trim().split(/ {2,}/).slice(0, 3).join(" "));
    expect(cells).toEqual([
      "altered public.t 7",
      "missing public.t 8",
      "unvouched public.onecol 30012 rows",
      "unvouched public.t 9",
    ]);
    expect(lines[4]).toContain("columns changed since event 7");
    expect(lines.join()).not.toContain("--json");
  });

  it("lists a few such rows one by one, and rows seen in part up to its limit", () => {
    expect(shown(many(20, { columnsChanged: true })).filter((l) => l.includes("unvouched"))).toHaveLength(20);
    const lines = shown(many(60, {}));
    expect(lines.filter((l) => l.includes("unvouched"))).toHaveLength(50);
    expect(lines).toContain("  and 10 more; --json lists all");
  });

  it("counts one as one, and nothing as nothing", () => {
    expect(shown([finding("altered", "1")])[0]).toBe("1 finding");
    expect(shown([], { rows: 1 })[0]).toBe("Clean: the one row is what the ledger vouches for.");
    expect(shown([], { rows: 0 })[0]).toContain("no row");
    expect(shown([finding("erased", "1")], { unattributed: 1 }).slice(1, 3)).toEqual([
      "1 row erased: its key was destroyed, nothing can be said about it",
      "1 event by an unknown actor (an ordinary write nobody signed for; not a finding)",
    ]);
  });

  it("names in one line what it does not cover, in both languages, without control characters", () => {
    const notCovered = [
      { table: "public.no\u001bkey", why: "no-identity" },
      { table: "public.quick", why: "unlogged" },
      { table: "public.fresh", why: "new" },
      ...Array.from({ length: 20 }, (_, i) => ({ table: `public.t${i}`, why: "new" }) as const),
    ] as const;
    const line = shown([], { notCovered })[1] ?? "";
    expect(line).toMatch(
      /^not covered: public\.no·key \(no key.*\), public\.quick \(unlogged.*\), public\.fresh \(new/,
    );
    expect(line).toMatch(/, and 3 more$/);
    expect(shown([], { notCovered: notCovered.slice(0, 1) }, "zh")[1]).toMatch(/^未覆盖：public/);
  });
});
