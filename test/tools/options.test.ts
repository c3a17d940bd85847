import { describe, expect, it } from "vitest";
import { runStep } from "../../tools/lib/steps.ts";

const run = (script: string, ...args: readonly string[]) =>
  runStep({ name: "a tool", script, args, timeoutMs: 10_000 });

describe.each(["sim/run.ts", "bench/soak.ts", "tools/mutants.ts"])("%s", (script) => {
  it("says how it is called", async () => {
    expect(await run(script, "--help")).toMatchObject({ ok: true, output: expect.stringContaining("npm run ") });
  });

  it.each([["--nonsense"], ["--seed=many"], ["--from=-1"]])("names %s in one line, without a stack", async (option) => {
    const { ok, output } = await run(script, option);
    expect(ok).toBe(false);
    expect(output).toContain(option.replace(/=.*/, ""));
    expect(output).toContain("npm run ");
    expect(output).not.toMatch(/^ +at /m);
  });
});
