import { describe, expect, it } from "vitest";
import { parseSkips, reportSkips } from "../../tools/lib/skips.ts";
import { runStep, runSteps, type Step } from "../../tools/lib/steps.ts";
import { failuresOf, parseReport } from "../../tools/lib/vitest.ts";

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
    name: "a.test.ts",
    status,
    assertionResults: tests.map((each, i) => ({ status: each, fullName: `test ${i}` })),
  });

  it("adds up tests, and counts a file that broke before its first test", () => {
    const testResults = [
      file("passed", "passed", "passed", "pending"),
      file("failed", "failed", "passed"),
      file("failed"),
    ];
    expect(parseReport(JSON.stringify({ testResults }))).toEqual({
      passed: 3,
      failed: ["test 0", "a.test.ts: before its first test"],
      skipped: ["test 2"],
    });
  });

  it("shows of a failed run what failed, tests or not, and all of what it does not know", () => {
    const fine = " ✓ |unit| a.test.ts (1 test) 2ms\n";
    const unhandled = "⎯⎯⎯⎯⎯⎯ Unhandled Errors ⎯⎯⎯⎯⎯⎯\n\nwhy\n";
    const failed = `⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯\n\n FAIL  b\n${unhandled}`;
    expect(failuresOf(fine + unhandled)).toBe(unhandled);
    expect(failuresOf(fine + failed)).toBe(failed);
    expect(failuresOf(`${fine}out of memory\n`)).toBe(`${fine}out of memory\n`);
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
