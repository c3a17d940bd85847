import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TableSchema } from "../src/index.ts";
import { groupSmall } from "../src/verify/small.ts";

const table = (name: string, estimate: number): TableSchema => ({
  ...{ name, estimate, handle: new Uint8Array(8), schemaId: new Uint8Array(8), columns: [] },
  ...{ keyColumns: [], subjectColumns: [], identity: "full" },
});

describe("tables that are compared together", () => {
  it("are small, few, and all of them in their order", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 50, 999, 5_000), { maxLength: 200 }), (estimates) => {
        const tables = estimates.map((estimate, i) => table(`t${i}`, estimate));
        const groups = groupSmall(tables);
        expect(groups.flat()).toEqual(tables);
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(32);
          if (group.length > 1) expect(group.every((t) => t.estimate <= 1_000)).toBe(true);
        }
      }),
    );
  });

  it("are put into as few snapshots as that allows", () => {
    const tables = Array.from({ length: 173 }, (_, i) => table(`t${i}`, i % 9));
    expect(groupSmall(tables)).toHaveLength(6);
  });
});
