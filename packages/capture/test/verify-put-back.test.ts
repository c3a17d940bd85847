/** Rows that hold what an older event committed to: verify says which one. */
import { rmSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TableSchema } from "../src/source.ts";
import { verifySource } from "../src/verify/verify.ts";
import { World } from "./verify-double.ts";

let world: World;
let notes: TableSchema;
beforeEach(() => {
  world = new World();
  notes = world.table("public.notes", ["id", "patient_id", "text"], [0], [1]);
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

/** Writes the row's texts one after the other; gives the log indices of the events. */
function history(id: number, ...texts: readonly string[]): number[] {
  let before: string | undefined;
  return texts.map((text) => {
    const row = `${id}\tp1\t${text}`;
    world.write(before === undefined ? "create" : "update", notes, row, before);
    before = row;
    return world.leaves.length - 1;
  });
}

const behind = (id: number, text: string, before: string) =>
  world.behind("update", notes, `${id}\tp1\t${text}`, `${id}\tp1\t${before}`);

describe.each(["cache", "from-log"] as const)("a row that was put back, mode %s", (mode) => {
  const verify = () => verifySource(world.options({ mode }));

  it("equals the newest of the older events that say the same", async () => {
    const [, second] = history(1, "a", "b", "a", "b", "c").slice(2);
    behind(1, "b", "c");
    const { altered } = await verify();
    expect(altered).toMatchObject([{ key: "1", kind: "altered", equalsEvent: second }]);
  });

  it("is none when the row holds something new, or only its key was there before", async () => {
    history(1, "a", "b");
    history(2, "x");
    behind(1, "c", "b");
    behind(2, "a", "x");
    const { altered } = await verify();
    expect(altered).toHaveLength(2);
    expect(altered.filter((f) => f.equalsEvent !== undefined)).toEqual([]);
  });

  it("equals the event before its deletion when it is back", async () => {
    const [first] = history(1, "a");
    world.write("delete", notes, "1\tp1\ta");
    world.behind("create", notes, "1\tp1\ta");
    const { unexplained } = await verify();
    expect(unexplained).toMatchObject([{ key: "1", kind: "unexplained", equalsEvent: first }]);
  });

  it("equals its former event in a table without a key, but a copy too many equals none", async () => {
    const bag = world.table("public.bag", ["device", "value"], [], []);
    world.write("create", bag, "d1\t5");
    const first = world.leaves.length - 1;
    world.write("delete", bag, "d1\t5");
    world.behind("create", bag, "d1\t5");
    world.write("create", bag, "d2\t5");
    world.behind("create", bag, "d2\t5");
    const { unexplained } = await verify();
    expect(unexplained.map((f) => f.equalsEvent)).toEqual([first, undefined]);
  });

  it("is told for any history of up to a hundred events", async () => {
    const histories = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 2, maxLength: 90 });
    let id = 0;
    await fc.assert(
      fc.asyncProperty(histories, fc.constantFrom("a", "b", "c", "d"), async (texts, back) => {
        const changing: string[] = texts.filter((text, i) => text !== texts[i - 1]);
        const last = changing.at(-1) ?? "";
        fc.pre(back !== last);
        const events = history(++id, ...changing);
        behind(id, back, last);
        const { altered } = await verify();
        const at = changing.lastIndexOf(back);
        expect(altered.find((f) => f.key === String(id))?.equalsEvent).toBe(at < 0 ? undefined : events[at]);
        expect(altered).toHaveLength(id);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });
});
