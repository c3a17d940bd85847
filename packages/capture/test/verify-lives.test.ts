/** Transaction ids start over when a database is put back or moved: what verify sees then. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifySource } from "../src/verify/verify.ts";
import { World } from "./verify-double.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

describe.each(["cache", "from-log"] as const)("verify of a source that began another life, mode %s", (mode) => {
  const declare = (kind: "gap" | "restored") => {
    const notes = world.tables[0];
    if (notes === undefined) throw new Error("no table");
    const none = { table: new Uint8Array(8), row: null, schema: null, commitment: null, xid: 0n };
    world.record([{ ...world.event("truncate", notes, ""), ...none, kind }]);
  };
  const findings = async () => {
    const report = await verifySource(world.options({ mode }));
    return [...report.altered, ...report.missing, ...report.unexplained].map((f) => `${f.kind} ${f.key}`).toSorted();
  };

  it("finds what an older backup put back undid, although its transaction ids start over", async () => {
    const notes = world.table("public.notes", ["id", "text"], [0]);
    const log = world.table("public.log", ["text"], []);
    world.write("baseline", notes, "1\told");
    world.write("baseline", notes, "2\tkept");
    const backup = new Map([...world.rows].map(([name, rows]) => [name, [...rows]]));
    const then = world.xid;
    world.write("update", notes, "1\tnew", "1\told");
    world.write("create", notes, "3\tlater");
    world.write("delete", notes, "2\tkept");
    world.write("create", log, "line");
    for (const [name, rows] of backup) world.rows.set(name, rows);
    world.xid = then;
    declare("restored");
    const found = (await findings()).map((f) => f.replace(/#.*/, "#"));
    expect(found).toEqual(["altered 1", "missing #", "missing #", "unexplained 2"]);
  });

  it("is clean after a move to a server whose transaction ids are lower", async () => {
    const notes = world.table("public.notes", ["id", "text"], [0]);
    world.write("baseline", notes, "1\told");
    world.xid = 9_000;
    world.write("update", notes, "1\tnew", "1\told");
    world.write("create", notes, "2\tlater");
    world.xid = 700;
    declare("gap");
    expect(await findings()).toEqual([]);
    world.write("update", notes, "2\tagain", "2\tlater");
    expect(await findings()).toEqual([]);
  });
});
