import { stripTypeScriptTypes } from "node:module";
import { describe, expect, it } from "vitest";
import { planted } from "../../sim/planted/run.ts";
import { PLANTED } from "../../sim/planted/table.ts";

describe("the table of planted bugs", () => {
  it.each(PLANTED)("has a place in today's sources: $name", (bug) => {
    expect(() => stripTypeScriptTypes(planted(bug))).not.toThrow();
  });
});
