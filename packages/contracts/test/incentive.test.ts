import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineFor, median, newcomer, RULE, type Standing, sealed, turnAt, worked } from "../src/incentive/rule.ts";
import { encodeSealBody, parseSealBody } from "../src/incentive/seal.ts";
import {
  decodeSeal,
  decodeSealing,
  decodeStanding,
  encodeSeal,
  encodeSealing,
  encodeStanding,
} from "../src/incentive/state.ts";

const standing = (id: string, score: number, more: Partial<Standing> = {}): Standing => ({
  ...{ id, score, since: 0, missed: 0, aside: 0, epoch: 0, worked: 0 },
  ...more,
});
const stretch = (seal: number, sole: string | null = null) => ({ seal, opened: 1_000_000, sole });
const ids = (line: readonly Standing[]) => line.map((each) => each.id);

describe("the line of creators", () => {
  it("has the lowest score first, then who waits longest, then the id", () => {
    const all = [
      standing("c", 200),
      standing("b", 100, { since: 1 }),
      standing("a", 100, { since: 1 }),
      standing("d", 100),
    ];
    expect(ids(lineFor(all, stretch(2)))).toEqual(["d", "a", "b", "c"]);
  });

  it("leaves out who alone filled the stretch, unless there is nobody else", () => {
    const all = [standing("a", 0), standing("b", 100)];
    expect(ids(lineFor(all, stretch(1, "a")))).toEqual(["b"]);
    expect(ids(lineFor([standing("a", 0)], stretch(1, "a")))).toEqual(["a"]);
  });

  it("has who was passed over too long first, and who stands aside last", () => {
    const seal = 3 * RULE.roundsWaited;
    const all = [standing("a", 0, { since: seal - 1 }), standing("b", 9_000), standing("c", 0, { aside: seal + 1 })];
    expect(ids(lineFor(all, stretch(seal)))).toEqual(["b", "a", "c"]);
  });

  it("counts no score further below the median than the debt", () => {
    const others = ["b", "c", "e"].map((id) => standing(id, 10_000));
    const all = [standing("a", 0, { since: 5 }), ...others, standing("d", 10_000 - RULE.debt, { since: 3 })];
    expect(ids(lineFor(all, stretch(6)))).toEqual(["d", "a", "b", "c", "e"]);
  });

  it("opens a turn every minute", () => {
    expect([0, 1, 2].map((place) => turnAt(stretch(0), place))).toEqual([1_000_000, 1_060_000, 1_120_000]);
  });
});

describe("points", () => {
  it("and times are those of the specification: another one is another ledger", () => {
    expect(RULE).toEqual({
      ...{ seal: 100, cosign: 50, collected: 20, event: 10, workPerEpoch: 100, epochMs: 3_600_000, turnMs: 60_000 },
      ...{ pauseMs: 10_000, roundsWaited: 3, debt: 500, standAside: 63 },
    });
  });

  it("for events end at the hour's most, and begin anew with the next hour", () => {
    const once = worked(standing("a", 0), 4, 0);
    expect(once.score).toBe(40);
    const full = worked(once, 1_000_000, RULE.epochMs - 1);
    expect(full.score).toBe(RULE.workPerEpoch);
    expect(worked(full, 1, RULE.epochMs).score).toBe(RULE.workPerEpoch + RULE.event);
  });

  it("for a seal go to creator and cosigners; who stood before the creator has missed a turn", () => {
    const all = [standing("a", 0), standing("b", 10), standing("c", 20), standing("d", 30)];
    const after = sealed(all, stretch(4), { creator: "b", cosigners: ["b", "c", "d"] });
    expect(after).toEqual([
      standing("a", 0, { missed: 1, aside: 6 }),
      standing("b", 10 + RULE.seal + 2 * RULE.collected, { since: 4 }),
      standing("c", 20 + RULE.cosign),
      standing("d", 30 + RULE.cosign),
    ]);
  });

  it("of a newcomer are the lower median of the others", () => {
    expect(newcomer("n", [standing("a", 5), standing("b", 900), standing("c", 7), standing("d", 70)], 3)).toEqual(
      standing("n", 7, { since: 3 }),
    );
    expect(newcomer("n", [], 3).score).toBe(0);
    expect(median([])).toBe(0);
  });

  it("stand aside longer with each turn missed in a row, up to the most, and not at all after a seal", () => {
    let all: readonly Standing[] = [standing("a", 0), standing("b", 0)];
    for (let seal = 0; seal < 20; seal++) {
      const line = lineFor(all, stretch(seal));
      if (line[0]?.id === "a") all = sealed(all, stretch(seal), { creator: "b", cosigners: ["a", "b"] });
    }
    const a = all.find((each) => each.id === "a");
    expect(a?.missed).toBeGreaterThan(1);
    expect(sealed(all, stretch(50), { creator: "a", cosigners: [] }).find((each) => each.id === "a")).toMatchObject({
      missed: 0,
      aside: 0,
      since: 50,
    });
    const long = sealed([standing("a", 0, { missed: 40 }), standing("b", 1)], stretch(9), {
      creator: "b",
      cosigners: [],
    });
    expect(long[0]?.aside).toBe(10 + RULE.standAside);
  });

  it("property: any order of the members gives the same; nobody loses; the sum grows by what was paid", () => {
    const standings = fc
      .uniqueArray(
        fc.record({
          id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
          score: fc.nat(5000),
          since: fc.nat(30),
          aside: fc.nat(40),
        }),
        { minLength: 2, selector: (each) => each.id },
      )
      .map((all) => all.map((each) => standing(each.id, each.score, each)));
    fc.assert(
      fc.property(standings, fc.nat(40), fc.nat(5), fc.infiniteStream(fc.boolean()), (all, seal, pick, coins) => {
        const open = stretch(seal);
        expect(ids(lineFor([...all].reverse(), open))).toEqual(ids(lineFor(all, open)));
        const line = lineFor(all, open);
        const creator = line[pick % line.length]?.id ?? "";
        const cosigners = all.map((each) => each.id).filter(() => coins.next().value);
        const after = sealed(all, open, { creator, cosigners });
        const others = cosigners.filter((id) => id !== creator).length;
        const sum = (each: readonly Standing[]) => each.reduce((total, { score }) => total + score, 0);
        expect(sum(after) - sum(all)).toBe(RULE.seal + others * (RULE.collected + RULE.cosign));
        after.forEach((each, i) => expect(each.score).toBeGreaterThanOrEqual(all[i]?.score ?? 0));
      }),
    );
  });
});

describe("what the ledger keeps", () => {
  it("comes back as it was", () => {
    const root = new Uint8Array(32).fill(3);
    const one = standing("a", 7, { since: 1, missed: 2, aside: 3, epoch: 4, worked: 5 });
    expect(decodeStanding("a", encodeStanding(one))).toEqual(one);
    for (const sole of ["nord", null]) {
      const sealing = { seal: 3, opened: 9, sole, size: 12, time: 8 };
      expect(decodeSealing(encodeSealing(sealing))).toEqual(sealing);
    }
    const record = { size: 5, root, creator: "nord", time: 6, cosigners: ["nord", "sued"] };
    expect(decodeSeal(encodeSeal(record))).toEqual(record);
  });

  it("is refused when it is malformed", () => {
    const body = encodeSealBody({ size: 5, root: new Uint8Array(32), cosignatures: [] });
    expect(parseSealBody(body).size).toBe(5);
    for (const bad of [
      null,
      [],
      [5, new Uint8Array(31), []],
      [-1, new Uint8Array(32), []],
      [5, new Uint8Array(32), [["nord", 1]]],
      [5, new Uint8Array(32), [["Nord", 1, new Uint8Array(64)]]],
      [5, new Uint8Array(32), [["nord", 1, new Uint8Array(63)]]],
    ]) {
      expect(() => parseSealBody(bad)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^core\//) as string }),
      );
    }
  });
});
