import type { Position } from "@anamnesis/contracts";
import { describe, expect, it } from "vitest";
import { AfterFinal } from "../src/rebaseline/after.ts";
import type { Pass } from "../src/rebaseline/pass.ts";
import { RowQueue } from "../src/rebaseline/queue.ts";
import { Touched } from "../src/touched.ts";

const handle = (n: number, length = 16) => new Uint8Array(length).fill(n);
const at = (lsn: number, ordinal = 1): Position => ({ lsn: BigInt(lsn), ordinal });

describe("rows with events on their way", () => {
  it("are known until their batch is in the index, and only while somebody asks", () => {
    const touched = new Touched();
    touched.add(1, handle(1, 8), handle(2));
    expect(touched.has(handle(1, 8), handle(2))).toBe(false);
    touched.watch(1);
    expect([touched.isSighted(0), touched.isSighted(1)]).toEqual([false, true]);
    touched.add(2, handle(1, 8), handle(3));
    touched.add(3, handle(1, 8), handle(4));
    expect([3, 4, 5].map((n) => touched.has(handle(1, 8), handle(n)))).toEqual([true, true, false]);
    touched.indexed(2);
    expect([3, 4].map((n) => touched.has(handle(1, 8), handle(n)))).toEqual([false, true]);
    touched.unwatch();
    expect([touched.has(handle(1, 8), handle(4)), touched.isSighted(9)]).toEqual([false, false]);
  });

  it("are all rows of a table that is being emptied", () => {
    const touched = new Touched();
    touched.watch(0);
    touched.add(1, handle(1, 8), null);
    expect([touched.has(handle(1, 8), handle(7)), touched.has(handle(2, 8), handle(7))]).toEqual([true, false]);
  });
});

describe("what is noted once events are final", () => {
  it("is noted in order, and not before", () => {
    const after = new AfterFinal();
    const noted: string[] = [];
    const note = (text: string) => () => void noted.push(text);
    after.add(undefined, note("nothing to wait for"));
    after.add(at(10, 3), note("ten"));
    after.add(undefined, note("behind ten"));
    after.add(at(12), note("twelve"));
    expect(noted).toEqual(["nothing to wait for"]);
    after.final(at(10, 2));
    expect(noted).toHaveLength(1);
    after.final(at(10, 3));
    expect(noted.slice(1)).toEqual(["ten", "behind ten"]);
    expect(after.pending).toBe(true);
    after.final(at(20));
    after.add(at(11), note("long final"));
    expect([noted.at(-2), noted.at(-1), after.pending]).toEqual(["twelve", "long final", false]);
  });
});

describe("rows between reader and sealer", () => {
  const pass = {} as Pass;
  const settled = async (promise: void | Promise<void>) => {
    const open = Symbol("open");
    return (await Promise.race([Promise.resolve(promise), new Promise((r) => setImmediate(() => r(open)))])) !== open;
  };

  it("are copies, and stop the reader when they are many or large", async () => {
    const queue = new RowQueue();
    const row = Buffer.from("row");
    let wait: void | Promise<void> = queue.push({ pass, row });
    row.fill(0);
    expect(Buffer.from(queue.peek()?.row ?? []).toString()).toBe("row");
    for (let i = 0; wait === undefined && i < 10_000; i++) wait = queue.push({ pass, row });
    expect([queue.length < 10_000, await settled(wait)]).toEqual([true, false]);
    while (queue.length > 100) queue.shift();
    expect(await settled(wait)).toBe(true);
    const large = queue.push({ pass, row: Buffer.alloc(2 ** 24) });
    expect(await settled(large)).toBe(false);
    queue.clear();
    expect([await settled(large), queue.length]).toEqual([true, 0]);
  });

  it("are waited for until the last is sealed", async () => {
    const queue = new RowQueue();
    void queue.push({ pass, row: Buffer.from("a") });
    void queue.push({ pass, row: undefined });
    const drained = queue.drained();
    queue.shift();
    expect(await settled(drained)).toBe(false);
    queue.shift();
    expect([await settled(drained), await settled(queue.drained())]).toEqual([true, true]);
  });
});
