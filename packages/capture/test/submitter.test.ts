import { AnamnesisError } from "@anamnesis/core";
import { LIMITS, type Receipt } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type Batch, Batcher } from "../src/batcher.ts";
import { Leaves } from "../src/leaves.ts";
import { Submitter } from "../src/submitter.ts";

const batch = (number: number): Batch => ({
  ...{
    number,
    incarnation: new Uint8Array(8),
    leaves: new Leaves({ bytes: new Uint8Array(0), ends: new Uint32Array(0) }),
  },
  ...{ from: { lsn: BigInt(number - 1), ordinal: 1 }, to: { lsn: BigInt(number), ordinal: 1 } },
});

/** Takes batches only in order, as the ledger does, and refuses with what `refuse` says first. */
function ledger(refuse: (number: number, attempt: number) => string | undefined) {
  const taken: number[] = [];
  let attempts = 0;
  const engine = {
    async submit({ number }: Batch): Promise<Receipt> {
      await new Promise((resolve) => setImmediate(resolve));
      const code = refuse(number, ++attempts) ?? (number === taken.length + 1 ? undefined : "events/undeclared-gap");
      if (code !== undefined) throw new AnamnesisError(code, "no");
      taken.push(number);
      return { id: new Uint8Array(32), index: number * 10, count: 1, sequence: number, time: 0 };
    },
  };
  return { engine, taken };
}

function submitter(
  engine: { submit(batch: Batch): Promise<Receipt> },
  signal = new AbortController().signal,
  renew: (refusals: number) => Promise<void> = async () => undefined,
  patient = false,
) {
  const final: number[] = [];
  const waiting: string[] = [];
  const failures: unknown[] = [];
  const it = new Submitter({
    ...{ submit: (batch: Batch) => engine.submit(batch), signal, renew, patient },
    onFinal: (b) => final.push(b.number),
    onWaiting: (code) => waiting.push(code),
    onFailure: (error) => failures.push(error),
  });
  return { it, final, waiting, failures };
}

describe("submitting batches", () => {
  it("waits while the organisation's quota is used up, and loses none", async () => {
    const { engine, taken } = ledger((_, attempt) => (attempt > 1 && attempt < 6 ? "events/over-quota" : undefined));
    const s = submitter(engine);
    for (let n = 1; n <= 6; n++) s.it.add(batch(n));
    await s.it.below(0);
    expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
    expect(s.waiting).toContain("events/over-quota");
    expect(s.failures).toEqual([]);
  });

  it("keeps their order through a full disk, and loses none", async () => {
    const { engine, taken } = ledger((number, attempt) =>
      number === 3 && attempt < 8 ? "ledger/disk-full" : undefined,
    );
    const s = submitter(engine);
    for (let n = 1; n <= 20; n++) s.it.add(batch(n));
    await s.it.below(0);
    const all = Array.from({ length: 20 }, (_, i) => i + 1);
    expect([taken, s.final]).toEqual([all, all]);
    expect(s.waiting).toContain("ledger/disk-full");
    expect(s.failures).toEqual([]);
  });

  it("signs again when the nonce was taken, but not for ever", async () => {
    const once = ledger((_, attempt) => (attempt === 1 ? "ledger/nonce-repeated" : undefined));
    const s = submitter(once.engine);
    s.it.add(batch(1));
    await s.it.below(0);
    expect(s.final).toEqual([1]);
    const always = submitter(ledger(() => "ledger/nonce-repeated").engine);
    always.it.add(batch(1));
    await expect(always.it.below(0)).rejects.toMatchObject({
      ...{ code: "capture/refused-batch", details: { refusal: "ledger/nonce-repeated" } },
    });
  });

  it("asks the ledger where it is before it signs again", async () => {
    const asked: number[] = [];
    let behind = true;
    const { engine, taken } = ledger((number) => (behind && number === 2 ? "ledger/expired" : undefined));
    const s = submitter(engine, undefined, async (refusals) => {
      asked.push(refusals);
      behind = refusals < 3;
    });
    for (let n = 1; n <= 3; n++) s.it.add(batch(n));
    await s.it.below(0);
    expect([asked, taken]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it.each(["events/stale-position", "ledger/unknown-key", "ledger/bad-signature"])("gives up on %s", async (code) => {
    const s = submitter(ledger((number) => (number === 2 ? code : undefined)).engine);
    for (let n = 1; n <= 5; n++) s.it.add(batch(n));
    await expect(s.it.below(0)).rejects.toMatchObject({ code: "capture/refused-batch", details: { refusal: code } });
    expect(s.final).toEqual([1]);
    expect(s.failures.length).toBe(1);
    await s.it.settled();
  });

  it("waits while the organisation is suspended, says so all the time, and loses none", async () => {
    const { engine, taken } = ledger((number, attempt) =>
      number >= 2 && attempt < 12 ? "ledger/key-suspended" : undefined,
    );
    const s = submitter(engine, undefined, undefined, true);
    for (let n = 1; n <= 6; n++) s.it.add(batch(n));
    await vi.waitFor(() => expect(s.waiting.length).toBeGreaterThan(1), 10_000);
    expect(s.it.waiting).toBe("ledger/key-suspended");
    await s.it.below(0);
    expect(s.it.waiting).toBeUndefined();
    expect([taken, s.failures]).toEqual([[1, 2, 3, 4, 5, 6], []]);
  });

  it("does not wait for that when nobody can: the command ends, and says why", async () => {
    const s = submitter(ledger(() => "ledger/key-suspended").engine);
    s.it.add(batch(1));
    await expect(s.it.below(0)).rejects.toMatchObject({ details: { refusal: "ledger/key-suspended" } });
  });

  it("stops waiting when asked to", async () => {
    const stop = new AbortController();
    const s = submitter(ledger(() => "ledger/busy").engine, stop.signal);
    s.it.add(batch(1));
    setTimeout(() => stop.abort(), 30);
    await expect(s.it.below(0)).rejects.toMatchObject({ code: "capture/stopped" });
  });
});

const FROM = { lsn: 5n, ordinal: 0 };
const unexpected = (error: unknown): never => {
  throw error;
};

describe("collecting batches", () => {
  const collect = () => {
    const batches: Batch[] = [];
    return { batches, batcher: new Batcher(FROM, new Uint8Array(8), (b) => batches.push(b), unexpected) };
  };

  it("ends one at 4,096 events or 600 KiB, each where the last one ended", () => {
    const { batches, batcher } = collect();
    for (let i = 1; i <= 5_000; i++) batcher.add(new Uint8Array(100), 6n, i);
    for (let i = 1; i <= 20; i++) batcher.add(new Uint8Array(60_000), 7n, i);
    batcher.flush();
    expect(batches.map((b) => [b.number, b.leaves.length])).toEqual([
      [1, 4_096],
      [2, 904 + 8],
      [3, 10],
      [4, 2],
    ]);
    expect(batches.map((b) => b.from)).toEqual([{ lsn: 5n, ordinal: 0 }, ...batches.slice(0, -1).map((b) => b.to)]);
    expect(batches.every((b) => [...b.leaves].reduce((n, l) => n + l.length, 0) <= 600 * 1024)).toBe(true);
  });

  it("keeps in one what belongs together, and everything in order", () => {
    const event = fc.oneof({ weight: 9, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(65_535) });
    const group = fc.array(fc.nat(1_024), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(5_000), fc.array(fc.oneof(event, group), { maxLength: 400 }), (before, given) => {
        const { batches, batcher } = collect();
        let ordinal = 0;
        const add = (length: number) => {
          const leaf = new Uint8Array(Math.max(4, length));
          new DataView(leaf.buffer).setUint32(0, ++ordinal);
          batcher.add(leaf, 6n, ordinal);
        };
        for (let i = 0; i < before; i++) add(4);
        const groups: number[][] = [];
        for (const each of given) {
          if (typeof each === "number") add(each);
          else {
            groups.push(each.map((_, i) => ordinal + 1 + i));
            batcher.together(each.length, () => each.forEach(add));
          }
        }
        batcher.flush();
        const numbers = batches.map((b) => [...b.leaves].map((l) => new DataView(l.slice().buffer).getUint32(0)));
        expect(numbers.flat()).toEqual(Array.from({ length: ordinal }, (_, i) => i + 1));
        const batchOf = new Map(numbers.flatMap((list, batch) => list.map((n) => [n, batch] as const)));
        for (const members of groups) expect(new Set(members.map((n) => batchOf.get(n))).size).toBe(1);
        for (const { leaves } of batches) expect(leaves.packed.bytes.length).toBeLessThanOrEqual(LIMITS.batchBytes);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses to tear apart what was said to belong together, and goes on afterwards", () => {
    const { batches, batcher } = collect();
    const tear = () => batcher.together(1, () => [1, 2].forEach((i) => batcher.add(new Uint8Array(60_000), 6n, i)));
    for (let i = 0; i < 10; i++) batcher.add(new Uint8Array(60_000), 5n, i);
    expect(tear).toThrow("broken invariant");
    batcher.flush();
    expect(batches).toHaveLength(1);
  });

  it("does not keep a lonely event waiting", async () => {
    const { batches, batcher } = collect();
    batcher.add(new Uint8Array(1), 6n, 1);
    expect([batches.length, batcher.current]).toEqual([0, 1]);
    await vi.waitFor(() => expect([batches.length, batcher.current]).toEqual([1, 1]), 10_000);
  });

  it("waits for one that will soon be full, as long as it fills fast", () => {
    vi.useFakeTimers();
    try {
      const { batches, batcher } = collect();
      const fill = (events: number) => {
        for (let i = 1; i <= events; i++) batcher.add(new Uint8Array(1), 6n, i);
        vi.advanceTimersByTime(50);
        return batches.map((b) => b.leaves.length);
      };
      expect(fill(1_000)).toEqual([]);
      expect(fill(1_000)).toEqual([]);
      expect(fill(511)).toEqual([2_511]); // too slow
      for (let wait = 1; wait < 8; wait++) expect(fill(512)).toEqual([2_511]);
      expect(fill(513)).toEqual([2_511, 4_096, 1]); // full
    } finally {
      vi.useRealTimers();
    }
  });

  it("tells of a batch that could not be closed when its time was up", async () => {
    const failures: unknown[] = [];
    const full = () => {
      throw new Error("disk full");
    };
    const batcher = new Batcher(FROM, new Uint8Array(8), full, (error) => failures.push(error));
    batcher.add(new Uint8Array(1), 6n, 1);
    await vi.waitFor(() => expect(failures.map(String)).toEqual(["Error: disk full"]), 10_000);
    batcher.add(new Uint8Array(1), 6n, 2);
    expect(() => batcher.flush()).toThrow("disk full"); // who calls hears it
    expect(failures).toHaveLength(1);
  });
});
