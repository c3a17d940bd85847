/** Ways to make verify look elsewhere, and legal changes that must not look like tampering. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TableSchema } from "../src/source.ts";
import type { VerifySource } from "../src/verify/source.ts";
import { type VerifyOptions, verifySource } from "../src/verify/verify.ts";
import { World } from "./verify-double.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

describe.each(["cache", "from-log"] as const)("verify, mode %s", (mode) => {
  const findings = async (more: Partial<VerifyOptions> = {}) => {
    const r = await verifySource(world.options({ mode, ...more }));
    const all = [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched];
    return all.map((f) => `${f.kind} ${f.table} ${f.key}`).toSorted();
  };
  /** A source whose first `times` listings lack the table: it has another name just then. */
  const hiding = (name: string, times: number): VerifySource => {
    const source = world.source();
    let left = times;
    const listed = (tables: readonly TableSchema[]) => tables.filter((t) => t.name !== name || left-- <= 0);
    return {
      ...source,
      tables: async () => listed(await source.tables()),
      async coverage(sourceName) {
        const covered = await source.coverage(sourceName);
        return { ...covered, tables: listed(covered.tables) };
      },
    };
  };

  it("finds what is in a table that was renamed while tables were listed, and says when it never came to see it", async () => {
    const notes = world.table("public.notes", ["id", "text"], [0]);
    world.write("baseline", notes, "1\told");
    world.behind("update", notes, "1\tforged", "1\told");
    expect(await findings({ source: hiding("public.notes", 1) })).toEqual(["altered public.notes 1"]);
    expect(await findings({ source: hiding("public.notes", 2) })).toEqual(["unvouched public.notes *"]);
  });

  it.each([
    [[1], []],
    [[], [1]],
    [[1], [2]],
  ])("does not take a changed mapping to patients for tampering: columns %j, then %j", async (before, after) => {
    for (const key of [[0], []]) {
      const notes = world.table("public.notes", ["id", "patient", "author", "text"], key, before);
      world.rows.set(notes.name, []);
      world.write("truncate", notes, "");
      for (let i = 0; i < 9; i++) world.write("baseline", notes, `${i}\tp${i % 3}\ta${i % 2}\tnote ${i}`);
      const now = world.table("public.notes", ["id", "patient", "author", "text"], key, after);
      expect(await findings()).toEqual([]);
      world.behind("update", now, "4\tp1\ta0\tforged", "4\tp1\ta0\tnote 4");
      world.behind("update", now, "5\tp1\ta1\tnote 5", "5\tp2\ta1\tnote 5");
      expect((await findings()).filter((f) => /^(altered|unexplained)/.test(f)).length).toBe(2);
    }
  });
});
