import { describe, expect, it } from "vitest";
import { parseSkips, reportSkips } from "../../tools/lib/skips.ts";
import { runStep, runSteps, type Step } from "../../tools/lib/steps.ts";
import { parseReport } from "../../tools/lib/vitest.ts";

const step = (name: string, code: string, timeoutMs = 10_000): Step => ({
  name,
  script: "-e",
  args: [code],
  timeoutMs,
});

describe("runStep", () => {
  it("tells success from failure and keeps what was said", async () => {
    expect(await runStep(step("good", "console.log('fine')"))).toMatchObject({ ok: true, output: "fine\n" });
    expect(await runStep(step("bad", "console.error('why'); process.exit(3)"))).toMatchObject({
      ok: false,
      output: "why\n",
    });
  });

  it("stops a step at its limit", async () => {
    const result = await runStep(step("slow", "setInterval(() => {}, 1000)", 200));
    expect(result.ok).toBe(false);
    expect(result.output).toContain("ran over its limit of 0.2 s");
  });

  it("runs every step of a list and reports each", async () => {
    const seen: string[] = [];
    const steps = ["a", "b", "c"].map((name) => step(name, name === "b" ? "process.exit(1)" : ""));
    const results = await runSteps(steps, 2, (result) => seen.push(result.name));
    expect(seen.toSorted()).toEqual(["a", "b", "c"]);
    expect(results.filter((each) => !each.ok).map((each) => each.name)).toEqual(["b"]);
  });
});

describe("parseReport", () => {
  const file = (status: string, ...tests: readonly string[]): object => ({
    status,
    assertionResults: tests.map((each, i) => ({ status: each, fullName: `test ${i}` })),
  });

  it("adds up tests, and counts a file that broke before its first test", () => {
    const testResults = [
      file("passed", "passed", "passed", "pending"),
      file("failed", "failed", "passed"),
      file("failed"),
    ];
    expect(parseReport(JSON.stringify({ testResults }))).toEqual({ passed: 3, failed: 2, skipped: ["test 2"] });
  });
});

describe("skips", () => {
  const skip = { name: "sumdb reads our tiles", needs: "go", reason: "no go on PATH" } as const;

  it("reads the notes once each and refuses others", () => {
    const line = JSON.stringify(skip);
    expect(parseSkips(`${line}\n${line}\n`)).toEqual([skip]);
    expect(() => parseSkips('{"name":"x"}')).toThrow("not a skip note");
    expect(() => parseSkips('{"name":"x","needs":"mood","reason":"y"}')).toThrow("not a skip note");
  });

  it("lists a stated skip with its reason and the number of tests behind it", () => {
    const report = reportSkips([skip], ["sumdb reads our tiles a", "sumdb reads our tiles b"], () => false);
    expect(report).toEqual({ lines: ["skipped (2): sumdb reads our tiles: needs go: no go on PATH"], unfounded: [] });
  });

  it("finds a skip whose need is met, and one without a word", () => {
    expect(reportSkips([skip], [], () => true).unfounded).toHaveLength(1);
    const silent = reportSkips([], ["quiet test"], () => false);
    expect(silent.lines).toEqual(["skipped (1): quiet test: NO REASON GIVEN"]);
    expect(silent.unfounded).toHaveLength(1);
  });
});
