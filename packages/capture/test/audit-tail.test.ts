import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FilePlace } from "../src/audit/spool.ts";
import { LogTail } from "../src/audit/tail.ts";

let dir: string;
let clock = 0;
const log = (name = "pg.json"): string => join(dir, name);
const line = (n: number): string => `{"timestamp":"2026-01-01 00:00:${String(n).padStart(2, "0")}.000 UTC","n":${n}}\n`;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-tail-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A tail that keeps what it was told; `kept`: the places that a process before it noted. */
function follow(kept?: readonly FilePlace[], path = dir) {
  const told: (number | string)[] = [];
  const places = new Map<string, FilePlace>(kept?.map((p) => [p.identity, p]));
  const handler = {
    line: (text: string) => told.push((JSON.parse(text) as { n: number }).n),
    oversized: () => told.push("oversized"),
    lost: () => told.push("lost"),
  };
  const tail = new LogTail(path, kept, handler, () => (clock += 2_000));
  return {
    told,
    step() {
      for (let i = 0; i < 3; i++) while (tail.step(1 << 20)) {}
      for (const place of tail.takeMoved()) places.set(place.identity, place);
      return told;
    },
    places: (): readonly FilePlace[] => [...places.values()].toSorted((a, b) => (a.began < b.began ? -1 : 1)),
    close: () => tail.close(),
  };
}

describe("following a log", () => {
  it("begins at the end of what is there, and tells what comes", () => {
    writeFileSync(log(), line(1) + line(2));
    const f = follow();
    expect(f.step()).toEqual([]);
    appendFileSync(log(), line(3));
    expect(f.step()).toEqual([3]);
    f.close();
  });

  it("waits for the end of a line", () => {
    writeFileSync(log(), line(1));
    const f = follow();
    const text = line(2);
    appendFileSync(log(), text.slice(0, 20));
    expect(f.step()).toEqual([]);
    appendFileSync(log(), text.slice(20));
    expect(f.step()).toEqual([2]);
    f.close();
  });

  it("turns to files with new names, reads the old one to its end, also when it is written to once more", () => {
    writeFileSync(log("pg-1.json"), line(1));
    const f = follow();
    appendFileSync(log("pg-1.json"), line(2));
    writeFileSync(log("pg-2.json"), line(3));
    expect(f.step()).toEqual([2, 3]);
    appendFileSync(log("pg-1.json"), line(4));
    expect(f.step().toSorted()).toEqual([2, 3, 4]);
    f.close();
  });

  it.each(["running", "stopped"])("follows a file that is renamed, while we are %s", (state) => {
    writeFileSync(log(), line(1));
    let f = follow(undefined, log());
    const told: (number | string)[] = [];
    const turn = () => {
      told.push(...f.step().splice(0));
      if (state === "running") return;
      f.close();
      f = follow(f.places(), log());
    };
    appendFileSync(log(), line(2));
    turn();
    appendFileSync(log(), line(3));
    renameSync(log(), log("pg.json.1"));
    appendFileSync(log("pg.json.1"), line(4));
    writeFileSync(log(), line(5));
    turn();
    appendFileSync(log(), line(6));
    turn();
    turn();
    expect(told).toEqual([2, 3, 4, 5, 6]);
    f.close();
  });

  it.each(["running", "stopped"])("follows a file that is copied and truncated, while we are %s", (state) => {
    writeFileSync(log(), line(1) + line(2));
    let f = follow(undefined, log());
    const told: (number | string)[] = [];
    appendFileSync(log(), line(3));
    told.push(...f.step().splice(0));
    if (state === "stopped") f.close();
    appendFileSync(log(), line(4));
    copyFileSync(log(), log("pg.json.1"));
    truncateSync(log());
    // It grows beyond where we stood, so its size tells nothing.
    appendFileSync(log(), line(11) + line(12) + line(13) + line(14) + line(15));
    if (state === "stopped") f = follow(f.places(), log());
    for (let i = 0; i < 3; i++) told.push(...f.step().splice(0));
    expect(told.toSorted((a, b) => Number(a) - Number(b))).toEqual([3, 4, 11, 12, 13, 14, 15]);
    f.close();
  });

  it("reads a file that is deleted under its hands to the end", () => {
    writeFileSync(log("pg-1.json"), line(1));
    const f = follow();
    f.step();
    appendFileSync(log("pg-1.json"), line(2));
    unlinkSync(log("pg-1.json"));
    writeFileSync(log("pg-2.json"), line(3));
    expect(f.step()).toEqual([2, 3]);
    f.close();
  });

  it("says what is lost: the file under way gone while we were stopped, or shorter than it was", () => {
    writeFileSync(log(), line(1));
    const f = follow();
    appendFileSync(log(), line(2) + line(3));
    expect(f.step()).toEqual([2, 3]);
    f.close();
    truncateSync(log(), statSync(log()).size - line(3).length);
    const shorter = follow(f.places());
    expect(shorter.step()).toEqual(["lost"]);
    appendFileSync(log(), line(4));
    expect(shorter.step()).toEqual(["lost", 4]);
    shorter.close();
    unlinkSync(log());
    const gone = follow(shorter.places());
    writeFileSync(log("new.json"), line(5));
    expect(gone.step()).toEqual(["lost", 5]);
    gone.close();
  });

  it("passes over files of other names", () => {
    writeFileSync(log("pg.log"), "x\n");
    const f = follow();
    writeFileSync(log("pg.csv"), "y\n");
    writeFileSync(log("pg.json"), line(1));
    expect(f.step()).toEqual([1]);
    f.close();
  });

  it("tells each line once, wherever it is stopped and however the log is rotated", () => {
    const act = fc.constantFrom("write", "write", "step", "restart", "rename", "new");
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        rmSync(dir, { recursive: true, force: true });
        dir = mkdtempSync(join(tmpdir(), "anamnesis-tail-"));
        let [n, files, current] = [1, 0, log()];
        writeFileSync(current, line(0));
        let f = follow([]);
        const told: (number | string)[] = [];
        for (const what of acts) {
          if (what === "write") appendFileSync(current, line(n++));
          else if (what === "rename") {
            renameSync(current, `${current}.${++files}`);
            writeFileSync(current, line(n++));
          } else if (what === "new") {
            current = log(`pg-${++files}.json`);
            writeFileSync(current, line(n++));
          } else {
            told.push(...f.step().splice(0));
            if (what === "restart") {
              f.close();
              f = follow(f.places());
            }
          }
        }
        told.push(...f.step().splice(0));
        f.close();
        expect(told.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { numRuns: 60 },
    );
  });
});
