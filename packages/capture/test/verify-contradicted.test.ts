/** Rows that were altered and then honestly changed: a finding until somebody gives a reason. */
import { rmSync } from "node:fs";
import type { Event } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TableSchema } from "../src/source.ts";
import { verifySource } from "../src/verify/verify.ts";
import { World } from "./verify-double.ts";

let world: World;
let notes: TableSchema;
beforeEach(() => {
  world = new World();
  notes = world.table("public.notes", ["id", "text"], [0]);
  for (const id of [1, 2, 3]) world.write("create", notes, `${id}\ta`);
  for (const id of [1, 2, 3]) world.learn(notes, `${id}\ta`, String(id));
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

/** An honest change of a row that was altered before, and what capture tells of it. Gives the log index of the change. */
function contradict(kind: "update" | "delete", id: number, more: Partial<Event> = {}): number {
  world.write(kind, notes, `${id}\tb`, `${id}\ta`);
  const index = world.leaves.length - 1;
  const nothing = { schema: null, commitment: null, time: 7, purpose: `event.${index}` };
  world.record([world.event("contradicted", notes, `${id}\tb`, { ...nothing, ...more })]);
  return index;
}

describe.each(["cache", "from-log"] as const)("a contradicted row, mode %s", (mode) => {
  const verify = (more: { table?: string; key?: string } = {}) => verifySource(world.options({ mode, ...more }));

  it("is a finding though it is as its newest event says, and though it is gone", async () => {
    const [updated, deleted] = [contradict("update", 1), contradict("delete", 2)];
    const report = await verify();
    expect(report.altered).toMatchObject([
      { table: "public.notes", key: "1", kind: "altered", contradicted: { event: updated, time: 7 } },
      { table: "public.notes", key: "2", kind: "altered", contradicted: { event: deleted, time: 7 } },
    ]);
    expect(report.totals).toMatchObject({ altered: 2, missing: 0, unexplained: 0, unvouched: 0 });
    expect((await verify({ table: "public.notes", key: "2" })).altered).toMatchObject([{ key: "2" }]);
    expect((await verify({ table: "public.notes", key: "3" })).totals.altered).toBe(0);
  });

  it("is one finding, with the first change that showed it", async () => {
    const first = contradict("update", 1);
    world.write("update", notes, "1\tc", "1\tb");
    world.record([world.event("contradicted", notes, "1\tc", { commitment: null, purpose: "event.99" })]);
    world.behind("update", notes, "1\td", "1\tc");
    const { altered, totals } = await verify();
    expect(altered).toMatchObject([{ key: "1", contradicted: { event: first } }]);
    expect(totals.altered).toBe(1);
  });

  it("is none any more once it was accepted, and one again after the next", async () => {
    contradict("update", 1);
    world.record([world.event("accepted", notes, "1\tb", { purpose: "REPAIRED" })]);
    expect((await verify()).totals.altered).toBe(0);
    const purpose = `event.${world.leaves.length - 1}`;
    world.record([world.event("contradicted", notes, "1\tb", { commitment: null, purpose })]);
    expect((await verify()).totals.altered).toBe(1);
  });

  it("is told by nobody but us, and by nothing but a reference", async () => {
    contradict("update", 1, { source: "other" });
    contradict("update", 2, { purpose: "nonsense" });
    expect((await verify()).totals.altered).toBe(0);
  });
});
