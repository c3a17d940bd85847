import type { SourceState } from "@anamnesis/contracts";
import { native } from "@anamnesis/crypto/native";
import { describe, expect, it } from "vitest";
import { Marks } from "../src/marks.ts";
import { formatLsn, parseLsn, widenXid } from "../src/postgres/lsn.ts";
import { parseTimelines } from "../src/postgres/timelines.ts";
import { decide, type Known, Replay } from "../src/resume.ts";
import { fc } from "./arbitraries.ts";

const A = new Uint8Array(8).fill(1);
const B = new Uint8Array(8).fill(2);
const ledger: SourceState = { incarnation: A, position: { lsn: 100n, ordinal: 3 }, batches: 7, events: 50 };
const known = (more: Partial<Known> = {}): Known => ({
  ledger,
  life: { incarnation: A, end: 500n, resumeAt: 90n },
  note: { life: { base: A, incarnation: A }, passed: 120n, final: ledger.position },
  ...more,
});

describe("a timeline's history", () => {
  it("is read line by line, and what is none is passed over", () => {
    const text =
      "1\t0/3000060\tno recovery target specified\n\n2\t1/A0\tbefore 2026\n# 3\t0/1\tcomment\nx\t0/1\n4\tzz\n";
    expect(parseTimelines(text)).toEqual([
      { timeline: 1, end: 0x3000060n },
      { timeline: 2, end: 0x1_0000_00a0n },
    ]);
    fc.assert(
      fc.property(fc.string(), (odd) => parseTimelines(odd).every((t) => t.timeline > 0 || /^\s*0+\s/m.test(odd))),
    );
  });
});

describe("how to go on", () => {
  it("begins anew when the ledger knows nothing", () => {
    expect(decide(native, known({ ledger: undefined }))).toEqual({ kind: "fresh" });
  });

  it.each([90n, 100n, 120n])("resumes from %s", (resumeAt) => {
    const life = { incarnation: A, end: 500n, resumeAt };
    expect(decide(native, known({ life }))).toEqual({ kind: "resume", incarnation: A });
  });

  it("declares a gap when the source is ahead of what was acknowledged", () => {
    const life = { incarnation: A, end: 500n, resumeAt: 121n };
    expect(decide(native, known({ life }))).toMatchObject({ kind: "gap", why: "position-ahead", renew: false });
  });

  it("trusts nothing beyond the ledger when the note is lost", () => {
    const note = { life: undefined, passed: undefined, final: undefined };
    const at = (resumeAt: bigint) => decide(native, known({ note, life: { incarnation: A, end: 500n, resumeAt } }));
    expect(at(100n)).toMatchObject({ kind: "resume" });
    expect(at(101n)).toMatchObject({ kind: "gap", why: "position-ahead" });
  });

  it("finds nothing wrong with a source whose log ends exactly where the ledger stands", () => {
    const note = { life: undefined, passed: undefined, final: undefined };
    const at = (end: bigint) => decide(native, known({ note, life: { incarnation: A, end, resumeAt: 90n } }));
    expect(at(100n)).toEqual({ kind: "resume", incarnation: A });
    const restored = at(99n);
    expect(restored).toMatchObject({ kind: "restored", renew: false });
    expect(restored.kind === "restored" ? restored.incarnation : A).toHaveLength(8);
    expect(restored).not.toMatchObject({ incarnation: A });
  });

  it("goes by the ledger where the note lags behind it", () => {
    const note = { life: { base: A, incarnation: A }, passed: 50n, final: { lsn: 40n, ordinal: 1 } };
    expect(decide(native, known({ note }))).toEqual({ kind: "resume", incarnation: A });
  });

  it("does not go by a note about another life than the ledger's", () => {
    const note = { life: { base: B, incarnation: B }, passed: 400n, final: ledger.position };
    expect(decide(native, known({ note }))).toEqual({ kind: "resume", incarnation: A });
    const life = { incarnation: B, end: 500n, resumeAt: 90n };
    expect(decide(native, known({ note, life }))).toMatchObject({ kind: "gap", why: "other-life" });
  });

  it("declares a gap when the ledger was put back behind its note", () => {
    const note = { life: { base: A, incarnation: A }, passed: 120n, final: { lsn: 110n, ordinal: 1 } };
    const life = { incarnation: A, end: 500n, resumeAt: 120n };
    expect(decide(native, known({ note, life }))).toMatchObject({ kind: "gap", why: "position-ahead" });
  });

  it("declares a gap for a lost position and for another life", () => {
    const lost = { incarnation: A, end: 500n, resumeAt: undefined };
    expect(decide(native, known({ life: lost }))).toMatchObject({ kind: "gap", why: "position-lost", renew: true });
    const other = { incarnation: B, end: 500n, resumeAt: 90n };
    expect(decide(native, known({ life: other }))).toEqual({
      ...{ kind: "gap", incarnation: B, renew: false, why: "other-life" },
    });
  });

  it("goes on after a fail-over to a server that had everything and kept our position, and else declares a gap", () => {
    const after = (end: bigint, resumeAt: bigint | undefined = 120n, ancestor = A) =>
      decide(
        native,
        known({ life: { incarnation: B, end: 500n, resumeAt, ancestors: [{ incarnation: ancestor, end }] } }),
      );
    expect(after(120n)).toEqual({ kind: "resume", incarnation: A });
    expect(after(119n)).toMatchObject({ kind: "gap", why: "other-life", incarnation: B });
    expect(after(120n, 121n)).toMatchObject({ kind: "gap", why: "position-ahead", incarnation: A });
    expect(after(120n, 120n, B)).toMatchObject({ kind: "gap", why: "other-life" });
    const lost = { incarnation: B, end: 500n, resumeAt: undefined, ancestors: [{ incarnation: A, end: 120n }] };
    expect(decide(native, known({ life: lost }))).toMatchObject({ kind: "gap", why: "other-life", renew: true });
  });

  it.each([99n, 119n])("sees a restore when the source's log ends at %s", (end) => {
    const decision = decide(native, known({ life: { incarnation: A, end, resumeAt: 90n } }));
    expect(decision).toMatchObject({ kind: "restored", renew: false });
    expect(decision).not.toMatchObject({ incarnation: A });
  });

  it("knows the life that it renamed after a restore", () => {
    const renamed = { ...ledger, incarnation: B };
    const note = { life: { base: A, incarnation: B }, passed: 120n, final: ledger.position };
    expect(decide(native, known({ ledger: renamed, note }))).toEqual({ kind: "resume", incarnation: B });
  });
});

describe("replay", () => {
  const commits = [
    { lsn: 90n, xid: 5n, time: 1 },
    { lsn: 100n, xid: 6n, time: 2 },
  ];

  it("accepts the same commits, and others that hold nothing", () => {
    const replay = new Replay(commits, 100n);
    expect(replay.repeats({ lsn: 85n, xid: 4n, time: 0 }, 0)).toBe(true);
    expect(replay.repeats({ lsn: 90n, xid: 5n, time: 1 }, 4)).toBe(true);
    expect(replay.complete(100n)).toBe(true);
    expect(replay.complete(101n)).toBe(false);
    expect(replay.repeats({ lsn: 100n, xid: 6n, time: 2 }, 1)).toBe(true);
    expect(replay.complete(1_000n)).toBe(true);
    expect(replay.lastSame).toBe(100n);
  });

  it.each([
    ["another transaction id", { lsn: 90n, xid: 6n, time: 1 }],
    ["another time", { lsn: 90n, xid: 5n, time: 9 }],
    ["another place", { lsn: 88n, xid: 5n, time: 1 }],
  ])("refuses %s", (_, commit) => {
    expect(new Replay(commits, 100n).repeats(commit, 1)).toBe(false);
  });
});

describe("positions", () => {
  it("pass in order of their batches", () => {
    const marks = new Marks();
    marks.reach(10n, 0);
    expect(marks.passed).toBe(10n);
    marks.reach(20n, 1);
    marks.reach(30n, 1);
    marks.barrier("t", 1);
    marks.reach(40n, 2);
    expect([marks.passed, marks.takeBarriers()]).toEqual([10n, []]);
    marks.final(1);
    expect([marks.passed, marks.takeBarriers(), marks.takeBarriers()]).toEqual([30n, ["t"], []]);
    marks.final(2);
    expect(marks.passed).toBe(40n);
  });

  it("tell once when the one that is watched has passed", () => {
    const marks = new Marks();
    const seen: bigint[] = [];
    marks.watch(20n, () => seen.push(marks.passed));
    marks.reach(10n, 0);
    marks.reach(25n, 1);
    expect(seen).toEqual([]);
    marks.final(1);
    marks.reach(30n, 1);
    expect(seen).toEqual([25n]);
  });

  it("never pass a position whose batch is not final", () => {
    const steps = fc.array(
      fc.record({ position: fc.bigInt({ min: 1n, max: 50n }), opens: fc.boolean(), final: fc.boolean() }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const marks = new Marks();
        let batch = 0;
        let final = 0;
        let position = 0n;
        const reached: { position: bigint; batch: number }[] = [];
        for (const step of list) {
          if (step.opens) batch++;
          position += step.position;
          marks.reach(position, batch);
          reached.push({ position, batch });
          if (step.final && final < batch) marks.final(++final);
          const best = reached.filter((r) => r.batch <= final).at(-1)?.position ?? 0n;
          expect(marks.passed).toBe(best);
        }
      }),
    );
  });

  it("are printed and read", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
      }),
    );
    for (const bad of ["", "1", "1/", "/1", "g/1", "1/123456789"]) {
      expect(() => parseLsn(bad)).toThrow(expect.objectContaining({ code: "capture/malformed-message" }));
    }
  });

  it("widen transaction ids across the wrap", () => {
    const near = (1n << 32n) + 5n;
    expect(widenXid(5, near)).toBe(near);
    expect(widenXid(4_294_967_290, near)).toBe(4_294_967_290n);
    expect(widenXid(3, (1n << 32n) - 2n)).toBe((1n << 32n) + 3n);
    expect(widenXid(700, 701n)).toBe(700n);
    const delta = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(fc.bigInt({ min: 1_000_000n, max: 1n << 40n }), delta, (full, d) => {
        const actual = full + BigInt(d);
        expect(widenXid(Number(actual & 0xffffffffn), full)).toBe(actual);
      }),
    );
  });
});
