import { LIMITS } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BeforeImages } from "../src/contradictions/images.ts";
import { LeafCollector } from "../src/leaves.ts";
import { NamedRows } from "../src/named-rows.ts";
import type { TableSchema } from "../src/source.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
/** Memory that whoever gives it away uses for something else afterwards, as capture does. */
const lend = <T>(given: Uint8Array, take: (lent: Uint8Array) => T): T => {
  const lent = given.slice();
  const result = take(lent);
  lent.fill(0xee);
  return result;
};

describe("leaves of a batch", () => {
  it("are those that were added, whatever is collected afterwards", () => {
    fc.assert(
      fc.property(fc.array(fc.array(bytes)), (batches) => {
        const collector = new LeafCollector();
        const taken = batches.map((leaves) => {
          for (const leaf of leaves) lend(leaf, (lent) => collector.add(lent));
          expect(collector.length).toBe(leaves.length);
          return collector.take();
        });
        expect(taken.map((leaves) => [...leaves])).toEqual(batches);
        expect(taken.map((leaves) => leaves.length)).toEqual(batches.map((leaves) => leaves.length));
      }),
    );
  });

  it("fit up to the limits of a batch, exactly", () => {
    const collector = new LeafCollector();
    collector.add(new Uint8Array(LIMITS.batchBytes - 1));
    expect([0, 1, 2].map((bytes) => collector.hasRoom(2, bytes))).toEqual([true, true, false]);
    collector.clear();
    for (let i = 0; i < LIMITS.batchEvents; i++) {
      expect([1, 2].map((leaves) => collector.hasRoom(leaves, 0))).toEqual([true, i < LIMITS.batchEvents - 1]);
      collector.add(new Uint8Array(0));
    }
    expect(collector.hasRoom(1, 0)).toBe(false);
  });
});

describe("names that wait", () => {
  it("are those that were added, each with its row and table, also after those before were let go", () => {
    const table = fc.constantFrom(...[1, 2].map((fill) => new Uint8Array(8).fill(fill)));
    const row = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const names = fc.array(fc.record({ table, row, key: fc.string() }));
    fc.assert(
      fc.property(names, names, (first, second) => {
        const rows = new NamedRows();
        for (const given of [first, second]) {
          for (const each of given) lend(each.row, (lent) => rows.add(each.table, lent, each.key));
          expect(rows.length).toBe(given.length);
          expect([...rows].map((each) => ({ ...each, row: each.row.slice() }))).toEqual(given);
          rows.clear();
        }
      }),
    );
    const many = new NamedRows();
    for (let i = 0; i < 5_000; i++) many.add(new Uint8Array(8), new Uint8Array(16).fill(i), String(i));
    expect([...many].every(({ row, key }) => row[15] === Number(key) % 256)).toBe(true);
  });
});

describe("before-images that wait", () => {
  it("are found by the place of their event, in order, and those passed over are gone", () => {
    const place = fc.record({ lsn: fc.bigInt(1n, 40n), ordinal: fc.integer({ min: 1, max: 3 }) });
    const key = (at: { lsn: bigint; ordinal: number }) => Number(at.lsn) * 4 + at.ordinal;
    const places = fc.uniqueArray(place, { selector: key }).map((list) => list.toSorted((a, b) => key(a) - key(b)));
    fc.assert(
      fc.property(places, places, fc.func(bytes), (kept, asked, rowOf) => {
        const images = new BeforeImages();
        const table = {} as TableSchema;
        for (const at of kept) lend(rowOf(key(at)), (row) => images.keep({ table, row, at }));
        for (const at of asked) {
          const expected = kept.find((each) => key(each) === key(at));
          expect(images.has(at.lsn, at.ordinal)).toBe(expected !== undefined);
          if (expected !== undefined) expect(images.take()).toEqual({ table, row: rowOf(key(at)), at });
        }
      }),
    );
  });

  it("are kept however many and however long they are", () => {
    const images = new BeforeImages();
    const table = {} as TableSchema;
    const length = (i: number) => (i % 2_500 === 7 ? 100_000 : i % 300);
    for (let i = 0; i < 10_000; i++) {
      images.keep({ table, row: new Uint8Array(length(i)).fill(i), at: { lsn: BigInt(i), ordinal: 1 } });
    }
    for (let i = 0; i < 10_000; i += 1 + (i % 2)) {
      expect(images.has(BigInt(i), 1)).toBe(true);
      const row = images.take()?.row ?? new Uint8Array(0);
      expect([row.length, row.every((byte) => byte === i % 256)]).toEqual([length(i), true]);
    }
    expect([images.has(10_000n, 1), images.take()]).toEqual([false, undefined]);
  });
});
