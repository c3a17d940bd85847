/** What verify says about tables that are not, not yet or no longer captured, and about rows that nobody knows. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { patient } from "../src/subject-sealers.ts";
import { exitCodeOf, Findings, type VerifyReport } from "../src/verify/report.ts";
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

const brief = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched].map((f) => `${f.kind} ${f.table} ${f.key}`);

function twoNotes() {
  const notes = world.table("public.notes", ["id", "text"], [0]);
  for (const i of [1, 2, 3]) world.write("baseline", notes, `${i}\tnote ${i}`);
  return notes;
}

describe.each(["cache", "from-log"] as const)("coverage, mode %s", (mode) => {
  const verify = (more: Partial<VerifyOptions> = {}) => verifySource(world.options({ mode, ...more }));

  it("names the tables that cannot be captured, and stays clean", async () => {
    twoNotes();
    for (const name of ["public.nokey", "public.quick"]) {
      const table = world.table(name, ["id"], []);
      world.behind("create", table, "1");
      world.tables = world.tables.map((t) => (t.name === name ? { ...t, identity: "nothing" } : t));
    }
    world.unlogged.add("public.quick");
    const report = await verify();
    expect(brief(report)).toEqual([]);
    expect(report.notCovered).toEqual([
      { table: "public.nokey", why: "no-identity" },
      { table: "public.quick", why: "unlogged" },
    ]);
    expect([exitCodeOf(report), report.rows]).toEqual([0, 3]);
    expect((await verify({ table: "public.notes" })).notCovered).toEqual([]);
    await expect(verify({ table: "public.nokey" })).rejects.toMatchObject({ code: "capture/unknown-table" });
  });

  it("compares a table row by row that capture lost, and says that it lost it", async () => {
    const notes = twoNotes();
    world.behind("update", notes, "2\tforged", "2\tnote 2");
    world.behind("delete", notes, "3\tnote 3");
    world.tables = [{ ...notes, identity: "nothing" }];
    world.unpublished.add("public.notes");
    const expected = ["altered public.notes 2", "missing public.notes 3", "unvouched public.notes *"];
    for (const more of [{}, { table: "public.notes" }]) {
      const report = await verify(more);
      expect(brief(report).map((f) => f.replace(/#.*/, "3"))).toEqual(expected);
      expect(report.notCovered).toEqual([{ table: "public.notes", why: "no-identity" }]);
    }
    expect(brief(await verify({ table: "public.notes", key: "2" }))).toEqual(["altered public.notes 2"]);
    expect(brief(await verify({ table: "public.notes", key: "1" }))).toEqual([]);
  });

  it("says nothing of single rows of a table whose key was dropped: they have other names now", async () => {
    const notes = twoNotes();
    world.tables = [{ ...notes, identity: "nothing", keyColumns: [] }];
    expect(brief(await verify())).toEqual(["unvouched public.notes *"]);
    world.rows.set("public.notes", []);
    expect((await verify()).totals).toMatchObject({ missing: 3, unvouched: 1 });
  });

  it("still compares a multiset that capture lost", async () => {
    const bag = world.table("public.bag", ["v"], []);
    for (const row of ["a", "a", "b"]) world.write("baseline", bag, row);
    world.behind("create", bag, "x");
    world.tables = [{ ...bag, identity: "nothing" }];
    expect(brief(await verify())).toEqual(["unexplained public.bag x", "unvouched public.bag *"]);
  });

  it("names a new table once while nobody sends it, but explains every row of one that is sent", async () => {
    twoNotes();
    const fresh = world.table("public.fresh", ["id"], [0]);
    world.behind("create", fresh, "1");
    expect(brief(await verify())).toEqual(["unexplained public.fresh 1"]);
    world.unpublished.add("public.fresh");
    const report = await verify();
    expect([brief(report), report.notCovered]).toEqual([[], [{ table: "public.fresh", why: "new" }]]);
    await expect(verify({ table: "public.fresh" })).rejects.toMatchObject({ code: "capture/unknown-table" });
  });

  it("takes no table for new that capture has met, with rows or without", async () => {
    const notes = twoNotes();
    const empty = world.table("public.empty", ["id"], [0]);
    world.index.learnTables([{ table: empty.handle, name: empty.name }]);
    for (const name of ["public.notes", "public.empty"]) world.unpublished.add(name);
    world.behind("create", empty, "1");
    world.behind("create", notes, "9\tx");
    const report = await verify();
    expect(brief(report)).toEqual(["unexplained public.notes 9", "unexplained public.empty 1"]);
    expect(report.notCovered).toEqual([]);
  });

  it("calls a row unknown that neither side has, and not one that was deleted or erased", async () => {
    const notes = twoNotes();
    const bag = world.table("public.bag", ["patient", "v"], [], [0]);
    world.write("create", bag, "p1\t1");
    const one = (key: string, table = "public.notes") => verify({ table, key });
    await expect(one("77")).rejects.toMatchObject({ code: "capture/unknown-row" });
    await expect(one("nonsense", "public.bag")).rejects.toMatchObject({ code: "capture/unknown-row" });
    world.behind("delete", notes, "1\tnote 1");
    expect((await one("1")).totals.missing).toBe(1);
    world.write("delete", notes, "2\tnote 2");
    expect(brief(await one("2"))).toEqual([]);
    world.behind("delete", bag, "p1\t1");
    world.keys.flush();
    world.keys.destroy(patient("p1"));
    expect(brief(await one("p1\t1", "public.bag"))).toEqual([]);
  });

  it("tells rows whose columns changed from rows that were seen in part", async () => {
    const notes = twoNotes();
    world.write("update", notes, "2\tpart", "2\tnote 2", { commitment: null });
    expect((await verify()).unvouched.map((f) => f.columnsChanged)).toEqual([undefined]);
    world.table("public.notes", ["id", "text", "more"], [0]);
    world.rows.set("public.notes", ["1\tnote 1\t\\N"]);
    expect((await verify()).unvouched.map((f) => f.columnsChanged)).toEqual([true]);
  });
});

describe("findings beyond the limit", () => {
  it("give way to those that tell of tampering", () => {
    const findings = new Findings(2);
    const add = (kind: "unvouched" | "altered" | "missing", key: string) =>
      findings.add(kind, () => ({ table: "t", key, lastEvent: null }));
    for (const key of ["1", "2", "3"]) add("unvouched", key);
    add("altered", "4");
    add("missing", "5");
    add("altered", "6");
    add("unvouched", "7");
    const { altered, missing, unvouched } = findings.lists;
    expect([altered, missing, unvouched].map((l) => l.map((f) => f.key))).toEqual([["4"], ["5"], []]);
    expect(findings.totals).toMatchObject({ altered: 2, missing: 1, unvouched: 4 });
  });
});
