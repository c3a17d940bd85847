import { describe, expect, it } from "vitest";
import { runStep } from "../../tools/lib/steps.ts";

const run = (script: string, ...args: readonly string[]) =>
  runStep({ name: "a tool", script, args, timeoutMs: 10_000 });

const OPTIONS = ["--nonsense", "--seed=many", "--from=-1"];
describe.each([
  ...["sim/run.ts", "bench/soak.ts", "tools/mutants.ts", "tools/matrix.ts"].map((script) => [script, OPTIONS] as const),
  ["bench/run.ts capture", ["--nonsense"]],
  ["bench/run.ts state", ["--nonsense"]],
] as const)("%s", (line, options) => {
  const [script = "", ...words] = line.split(" ");
  it("says how it is called", async () => {
    const told = await run(script, ...words, "--help");
    expect(told).toMatchObject({ ok: true, output: expect.stringContaining("npm run ") });
  });

  it.each(options.map((each) => [each]))("names %s in one line, without a stack", async (option) => {
    const { ok, output } = await run(script, ...words, option);
    expect(ok).toBe(false);
    expect(output).toContain(option.replace(/=.*/, ""));
    expect(output).toContain("npm run ");
    expect(output).not.toMatch(/^ +at /m);
  });
});
