import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { encodeEvent } from "@anamnesis/ledger";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRowIndex } from "../src/index/sqlite-index.ts";
import { formatLsn } from "../src/postgres/index.ts";
import { parseSnapshot } from "../src/postgres/visibility.ts";
import { patient } from "../src/subject-sealers.ts";
import { exitCodeOf, type Finding, type FindingKind, type VerifyReport } from "../src/verify/report.ts";
import { parseKeyText } from "../src/verify/row-identity.ts";
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

const KINDS: readonly FindingKind[] = ["altered", "missing", "unexplained", "erased", "unvouched"];
const brief = (report: VerifyReport) =>
  KINDS.flatMap((k) => report[k].map((f: Finding) => `${f.kind} ${f.table} ${f.key}`));
const verify = (more: Partial<VerifyOptions> = {}) => verifySource(world.options(more));

function hospital() {
  const notes = world.table("public.notes", ["id", "patient_id", "text"], [0], [1]);
  for (let i = 0; i < 50; i++) world.write("baseline", notes, `${i}\tp${i % 5}\tnote ${i}`);
  for (let i = 0; i < 50; i++) world.learn(notes, "", `${i}`);
  return notes;
}

describe.each(["cache", "from-log"] as const)("verify, mode %s", (mode) => {
  it("is clean after captured writes, and says what it looked at", async () => {
    const notes = hospital();
    world.write("update", notes, "3\tp3\tcorrected", "3\tp3\tnote 3");
    world.write("delete", notes, "4\tp4\tnote 4");
    world.write("create", notes, "99\tp1\tnew", undefined, { actor: new Uint8Array(16) });
    const report = await verify({ mode });
    expect(brief(report)).toEqual([]);
    expect(exitCodeOf(report)).toBe(0);
    expect(report).toMatchObject({ rows: 50, unattributed: 2, mode, position: "1/10" });
    expect(report.checkpoint).toMatchObject({ origin: "anamnesis/test", size: world.leaves.length });
  });

  it("finds each kind of tampering by table, key and kind, with the event that last vouched", async () => {
    const notes = hospital();
    world.index.learnActors([{ actor: world.handles.actor("dr. weber"), name: "dr. weber" }]);
    world.write("update", notes, "7\tp2\tseen", "7\tp2\tnote 7", { actor: world.handles.actor("dr. weber") });
    const vouched = world.leaves.length - 1;
    world.behind("update", notes, "7\tp2\tforged", "7\tp2\tseen");
    world.behind("delete", notes, "8\tp3\tnote 8");
    world.behind("create", notes, "500\tp1\tinvented");
    world.write("delete", notes, "9\tp4\tnote 9");
    world.behind("create", notes, "9\tp4\tnote 9");
    world.behind("create", notes, "10\tp0\tnote 10");
    const report = await verify({ mode });
    expect(brief(report).toSorted()).toEqual([
      "altered public.notes 7",
      "missing public.notes 8",
      "unexplained public.notes 10",
      "unexplained public.notes 500",
      "unexplained public.notes 9",
    ]);
    expect(report.altered[0]?.lastEvent).toEqual({
      index: vouched,
      time: 1_700_000_000_000_000 + vouched - 1,
      actor: "dr. weber",
    });
    expect(report.unexplained.find((f) => f.key === "500")?.lastEvent).toBeNull();
    expect(exitCodeOf(report)).toBe(1);
  });

  it("compares with what the snapshot sees while transactions are under way", async () => {
    const notes = hospital();
    world.running = new Set([world.xid]);
    world.record([world.event("update", notes, "1\tp1\tnot yet visible")]); // in the log, not in the snapshot
    world.record([world.event("create", notes, "77\tp1\tlater", { xid: BigInt(world.xid + 5) })]);
    world.record([world.event("delete", notes, "2\tp2\tnote 2", { xid: BigInt(world.xid + 5) })]);
    world.record([world.event("truncate", notes, "", { xid: BigInt(world.xid + 6) })]);
    expect(brief(await verify({ mode }))).toEqual([]);
    world.running = new Set();
    world.behind("update", notes, "1\tp1\tnot yet visible", "1\tp1\tnote 1");
    expect(brief(await verify({ mode }))).toEqual([]);
  });

  it("takes truncates into account", async () => {
    const notes = hospital();
    world.write("truncate", notes, "");
    world.write("create", notes, "1\tp1\tafter");
    expect(brief(await verify({ mode }))).toEqual([]);
    world.behind("create", notes, "2\tp2\tnote 2");
    expect(brief(await verify({ mode }))).toEqual(["unexplained public.notes 2"]);
  });

  it("counts copies where there is no key", async () => {
    const log = world.table("public.device_log", ["device", "value"], []);
    for (const row of ["a\t1", "a\t1", "a\t1", "b\t2", "c\t3"]) world.write("baseline", log, row);
    world.learn(log, "", "c\t3");
    world.write("delete", log, "a\t1");
    world.write("create", log, "b\t2");
    expect(brief(await verify({ mode }))).toEqual([]);
    world.behind("create", log, "a\t1");
    world.behind("delete", log, "c\t3");
    world.behind("create", log, "d\t4");
    world.behind("create", log, "d\t4");
    const one = await verify({ mode });
    expect(brief(one).toSorted()).toEqual([
      "missing public.device_log c\t3",
      "unexplained public.device_log " + (mode === "cache" ? "#" : "#") + hex(log, "a\t1"),
      "unexplained public.device_log d\t4",
      "unexplained public.device_log d\t4",
    ]);
  });

  const hex = (table: ReturnType<typeof hospital>, row: string) =>
    Buffer.from(world.event("create", table, row).row ?? []).toString("hex");

  it("calls rows of an erased patient erased, whatever they say, and misses none of them", async () => {
    const notes = hospital();
    const log = world.table("public.device_log", ["patient_id", "value"], [], [0]);
    for (const row of ["p1\t1", "p1\t1", "p2\t2"]) world.write("create", log, row);
    world.keys.flush();
    world.keys.destroy(patient("p1"));
    const report = await verify({ mode });
    expect(report.erased.map((f) => `${f.table} ${f.key}`)).toHaveLength(12);
    expect(brief(report).every((f) => f.startsWith("erased"))).toBe(true);
    expect(exitCodeOf(report)).toBe(0);
    world.behind("delete", notes, "1\tp1\tnote 1");
    expect((await verify({ mode })).missing.map((f) => f.key)).toEqual(["1"]);
  });

  it("calls rows unvouched after the columns changed, or when the event saw only a part", async () => {
    const notes = hospital();
    const log = world.table("public.device_log", ["device", "value"], []);
    for (const row of ["a\t1", "a\t1"]) world.write("baseline", log, row);
    world.write("update", notes, "5\tp0\tpart", "5\tp0\tnote 5", { commitment: null });
    expect(brief(await verify({ mode }))).toEqual(["unvouched public.notes 5"]);
    world.table("public.device_log", ["device", "value", "unit"], []);
    world.rows.set("public.device_log", ["a\t1\t\\N", "a\t1\t\\N", "x\t9\t\\N"]);
    expect(brief(await verify({ mode, table: "public.device_log" }))).toEqual([
      "unexplained public.device_log x\t9\t\\N",
      "unvouched public.device_log a\t1\t\\N",
      "unvouched public.device_log a\t1\t\\N",
    ]);
  });

  it("verifies one table or one row alone", async () => {
    const notes = hospital();
    world.table("public.other", ["id"], [0]);
    world.behind("create", { ...notes, name: "public.other" }, "1");
    world.behind("update", notes, "7\tp2\tforged", "7\tp2\tnote 7");
    world.behind("delete", notes, "8\tp3\tnote 8");
    expect(brief(await verify({ mode, table: "public.notes" }))).toHaveLength(2);
    const row = async (key: string) => brief(await verify({ mode, table: "public.notes", key }));
    expect(await row("6")).toEqual([]);
    expect(await row("7")).toEqual(["altered public.notes 7"]);
    expect(await row("8")).toEqual(["missing public.notes 8"]);
    await expect(row("8|9")).rejects.toMatchObject({ code: "capture/malformed-key" });
    await expect(verify({ mode, table: "public.nothing" })).rejects.toMatchObject({ code: "capture/unknown-table" });
  });

  it("reports a table that is gone or no longer captured as one finding", async () => {
    const notes = hospital();
    world.index.learnTables([{ table: notes.handle, name: "public.notes" }]);
    world.tables = [{ ...notes, identity: "nothing" }];
    expect(brief(await verify({ mode }))).toEqual(["unvouched public.notes *"]);
    world.tables = [];
    expect(brief(await verify({ mode }))).toEqual(["missing public.notes *"]);
  });

  it("keeps findings up to a limit and counts the rest", async () => {
    const notes = hospital();
    for (let i = 0; i < 20; i++) world.behind("delete", notes, `${i}\tp${i % 5}\tnote ${i}`);
    const report = await verify({ mode, findings_max: 5 });
    expect([report.missing.length, report.totals.missing]).toEqual([5, 20]);
  });

  it("stops on request", async () => {
    hospital();
    const signal = AbortSignal.abort();
    await expect(verify({ mode, signal })).rejects.toThrow();
  });

  it("finds a random set of alterations and nothing else", async () => {
    const what = fc.uniqueArray(fc.record({ row: fc.nat(49), how: fc.constantFrom("alter", "drop", "legal") }), {
      selector: (x) => x.row,
    });
    await fc.assert(
      fc.asyncProperty(what, async (steps) => {
        world.close();
        world = new World();
        const notes = hospital();
        const expected: string[] = [];
        for (const { row, how } of steps) {
          const was = `${row}\tp${row % 5}\tnote ${row}`;
          if (how === "legal") world.write("update", notes, `${row}\tp${row % 5}\tlegal`, was);
          if (how === "alter") world.behind("update", notes, `${row}\tp${row % 5}\tx`, was);
          if (how === "drop") world.behind("delete", notes, was);
          if (how !== "legal") expected.push(`${how === "alter" ? "altered" : "missing"} public.notes ${row}`);
        }
        expect(brief(await verify({ mode })).toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 10 },
    );
  });
});

describe("a cache that lies", () => {
  it("fools the mode cache but not from-log", async () => {
    const notes = hospital();
    const older = world.leaves.length;
    world.write("update", notes, "3\tp3\tcorrected", "3\tp3\tnote 3");
    // The insider puts the old value back, and the index back to the day before, with today's position in it.
    world.behind("update", notes, "3\tp3\tnote 3", "3\tp3\tcorrected");
    world.index.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${world.indexPath}${end}`, { force: true });
    world.index = openRowIndex(world.indexPath, { source: "ehr" });
    const past = world.leaves.slice(0, older).map((leaf, index) => ({ index, leaf }));
    world.index.apply(past);
    world.index.skipTo(world.leaves.length);
    expect(brief(await verify({ mode: "cache" }))).toEqual([]);
    expect(brief(await verify({ mode: "from-log" }))).toEqual(["altered public.notes 3"]);
  });

  it("does not lend a false name to a missing row", async () => {
    const notes = hospital();
    const id = world.index.find(notes.handle, world.event("read", notes, "8\tp3\tnote 8").row ?? notes.handle) ?? -1;
    const db = new DatabaseSync(world.indexPath);
    const names = db.prepare("UPDATE names SET keys = json_set(keys, ?, '9') WHERE page = ?");
    names.run(`$[${id % 40}]`, Math.floor(id / 40));
    db.close();
    world.behind("delete", notes, "8\tp3\tnote 8");
    expect((await verify()).missing[0]?.key).toMatch(/^#[0-9a-f]{32}$/);
  });

  it("does not count another member's batch that names our source", async () => {
    const notes = hospital();
    world.behind("update", notes, "3\tp3\tforged", "3\tp3\tnote 3");
    world.record([world.event("update", notes, "3\tp3\tforged")], { signer: world.otherMember, indexed: false });
    expect(brief(await verify({ mode: "from-log" }))).toEqual(["altered public.notes 3"]);
  });

  it("refuses a log whose leaves do not give the signed root", async () => {
    const notes = hospital();
    const { log } = world;
    const forged = encodeEvent(world.event("update", notes, "3\tp3\tforged"));
    world.record([world.event("update", notes, "3\tp3\tnote 3")], { signer: world.otherMember });
    const at = world.leaves.length - 1;
    const lying = {
      ...log,
      async *leaves(from: number, to: number) {
        for await (const p of log.leaves(from, to)) yield p.index === at ? { index: at, leaf: forged } : p;
      },
    };
    await expect(verify({ mode: "from-log", log: lying })).rejects.toMatchObject({ code: "ledger/bad-checkpoint" });
  });
});

describe("texts", () => {
  it("reads keys, snapshots and positions", () => {
    expect(parseKeyText("a|b\\|c|\\\\N|\\N|")).toEqual(["a", "b|c", "\\N", null, ""]);
    expect(parseSnapshot("10:20:11,12")).toEqual({ xmin: 10, xmax: 20, running: new Set([11, 12]) });
    expect(parseSnapshot("10:20:").running.size).toBe(0);
    for (const bad of ["", "10:20", "a:b:", "1:2:3,", "1:2:3 "]) expect(() => parseSnapshot(bad)).toThrow();
    expect(formatLsn(0x16_b374_d848n)).toBe("16/B374D848");
  });

  it("gives back every key from its text", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.map((p) => p.replace(/[\\|]/g, "\\$&")).join("|");
        expect(parseKeyText(text)).toEqual(parts);
      }),
    );
  });
});
