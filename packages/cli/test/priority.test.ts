import { execFileSync } from "node:child_process";
import { constants, getPriority } from "node:os";
import { describe, expect, it } from "vitest";

const MODULE = new URL("../src/priority.ts", import.meta.url).href;

/** The priority that a process of its own ends up with: this one keeps its own. */
function priorityWith(env: Readonly<Record<string, string>>): number {
  const script = `const { yieldToOthers } = await import(${JSON.stringify(MODULE)}); yieldToOthers(process.env);
    console.log((await import("node:os")).getPriority());`;
  const args = ["--input-type=module", "-e", script];
  return Number(
    execFileSync(process.execPath, args, { env: { ...process.env, ANAMNESIS_PRIORITY: "", ...env }, encoding: "utf8" }),
  );
}

describe("yieldToOthers", () => {
  it("leaves the processor to others, unless told not to", () => {
    expect(priorityWith({})).toBe(constants.priority.PRIORITY_BELOW_NORMAL);
    expect(priorityWith({ ANAMNESIS_PRIORITY: "normal" })).toBe(getPriority());
  });
});
