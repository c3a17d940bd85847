import { describe, expect, it } from "vitest";
import type { LoggedBlock } from "../src/index.ts";
import { Lot, type LotPace } from "../src/replica/lot.ts";

const block = (bytes: number): LoggedBlock => ({
  ...{ sequence: 1, time: 1, first: 0, size: 1, stateRoot: new Uint8Array(32), commands: [], note: "" },
  leaves: [new Uint8Array(bytes)],
});

/** A clock that moves by `cost` with each block that is applied. */
function world(cost: number) {
  let now = 0;
  let rests = 0;
  const lots: number[] = [];
  const pace: LotPace = {
    now: () => now,
    lotMs: 50,
    rest: async () => {
      rests++;
    },
  };
  const apply = (blocks: readonly LoggedBlock[]): void => {
    lots.push(blocks.length);
    now += cost * blocks.length;
  };
  const feed = async (lot: Lot, count: number, bytes = 100): Promise<void> => {
    for (let i = 0; i < count; i++) {
      lot.add(block(bytes));
      if (lot.isFull) await lot.keep();
    }
    await lot.keep();
  };
  const verifyAside = async (): Promise<void> => undefined;
  return { pace, replica: { apply, verifyAside }, lots, feed, rests: () => rests };
}

describe("a lot", () => {
  it("holds as many blocks as share a flush when nothing else waits for the process", async () => {
    const w = world(5);
    await w.feed(new Lot(w.replica, undefined), 300);
    expect(w.lots).toEqual([128, 128, 44]);
  });

  it("shrinks until one takes no longer than it may, and the process has its turn after each", async () => {
    const w = world(10);
    await w.feed(new Lot(w.replica, w.pace), 300);
    expect(w.lots[0]).toBe(8);
    expect(Math.max(...w.lots.slice(1)) * 10).toBeLessThanOrEqual(60);
    expect(w.rests()).toBe(w.lots.length);
  });

  it("grows to the most while blocks are quick, by twice at a time", async () => {
    const w = world(0.01);
    await w.feed(new Lot(w.replica, w.pace), 500);
    expect(w.lots.slice(0, 6)).toEqual([8, 16, 32, 64, 128, 128]);
  });

  it("is full with a single block that is slower than that, and keeps what came last", async () => {
    const w = world(1000);
    await w.feed(new Lot(w.replica, w.pace), 20);
    expect(w.lots.slice(1).every((each) => each === 1)).toBe(true);
    expect(w.lots.reduce((sum, each) => sum + each, 0)).toBe(20);
  });

  it("counts bytes as well as blocks, and applies nothing when it is empty", async () => {
    const w = world(0);
    const lot = new Lot(w.replica, undefined);
    await w.feed(lot, 5, 1024 * 1024);
    await lot.keep();
    expect(w.lots).toEqual([2, 2, 1]);
  });
});
