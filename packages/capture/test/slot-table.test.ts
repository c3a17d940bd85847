import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlotFilter } from "../src/index/slot-filter.ts";
import { SlotTable } from "../src/index/slot-table.ts";
import { type IsRow, Slots } from "../src/index/slots.ts";

const TABLES = `
  CREATE TABLE slots (slot INTEGER PRIMARY KEY, id INTEGER NOT NULL);
  CREATE TABLE slot_filter (part INTEGER PRIMARY KEY, merged INTEGER NOT NULL, bits BLOB NOT NULL)`;

/** Some lie beside each other, also at the end, from where a search goes on at the beginning. */
const slot = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 52 - 1 }),
  fc.nat(20),
  fc.nat(20).map((n) => 2 ** 52 - 1 - n),
  fc.nat(20).map((n) => 2 ** 51 + n),
);

describe("slots in memory", () => {
  it("hold what a map would hold, however many there are", () => {
    const lists = fc.uniqueArray(slot, { maxLength: 200 });
    fc.assert(
      fc.property(lists, lists, (slots, others) => {
        const table = new SlotTable();
        for (let round = 0; round < 2; round++) {
          const map = new Map(slots.map((each, id) => [each, id]));
          for (const [each, id] of map) table.add(each, id);
          for (const each of [...slots, ...others]) expect(table.get(each)).toBe(map.get(each));
          expect(new Map(table.entries())).toEqual(map);
          expect(table.size).toBe(map.size);
          table.clear();
          expect([table.size, table.get(slots[0] ?? 0)]).toEqual([0, undefined]);
        }
      }),
    );
  });

  it("grow with what they hold, and come out nearly in order", () => {
    const table = new SlotTable();
    const slots = Array.from({ length: 50_000 }, (_, i) => (i * 2_862_933_555_777) % 2 ** 52);
    for (const [id, each] of slots.entries()) table.add(each, id);
    expect(slots.every((each, id) => table.get(each) === id)).toBe(true);
    const out = [...table.entries()].map(([each]) => each);
    expect(out.toSorted((a, b) => a - b)).toEqual(slots.toSorted((a, b) => a - b));
    const descents = out.filter((each, i) => each < (out[i - 1] ?? 0)).length;
    expect(descents).toBeLessThan(out.length / 2);
  });
});

describe("slots in memory and in the file", () => {
  it("find every handle again after any number of merges, also where many share a slot", () => {
    const crowded = fc
      .tuple(fc.nat(40), fc.nat(7))
      .map(([slot, n]) => Buffer.concat([Buffer.alloc(15, slot), Buffer.of(n)]));
    const handles = fc.uniqueArray(crowded, { maxLength: 150, selector: (h) => h.toString("hex") });
    fc.assert(
      fc.property(fc.array(handles, { minLength: 1, maxLength: 4 }), (merges) => {
        const db = new DatabaseSync(":memory:");
        db.exec(TABLES);
        let slots = new Slots(db);
        let merged = 0;
        const ids = new Map<string, number>();
        const all: Buffer[] = [];
        const is: IsRow = (id, table, handle) => table === 7 && all[id]?.equals(handle) === true;
        for (const list of merges) {
          for (const handle of list) {
            const id = slots.findOrAdd(7, handle, is, all.length, merged);
            expect(id).toBe(ids.get(handle.toString("hex")) ?? all.length);
            if (id < all.length) continue;
            all.push(handle);
            ids.set(handle.toString("hex"), id);
          }
          slots.merge(merged, all.length);
          merged = all.length;
          for (const [id, handle] of all.entries()) {
            expect(slots.find(7, handle, is)).toBe(id);
            expect(slots.findOrAdd(7, handle, is, all.length, merged)).toBe(id);
          }
          // Opened again: with the filter from the file, and every other time with one that another program left behind.
          if (merged % 2 === 0) db.exec("UPDATE slot_filter SET merged = merged - 1, bits = zeroblob(length(bits))");
          slots = new Slots(db);
        }
        db.close();
      }),
    );
  });
});

describe("the filter of the slots in the file", () => {
  it("holds every slot it was given, few others, and the same when it is read again", () => {
    fc.assert(
      fc.property(fc.uniqueArray(slot, { minLength: 1, maxLength: 200 }), (given) => {
        const db = new DatabaseSync(":memory:");
        db.exec(TABLES);
        const filter = new SlotFilter(db);
        filter.open(0);
        for (const each of given) filter.add(each);
        expect(given.every((each) => filter.mayHold(each, 0))).toBe(true);
        filter.save(given.length);
        expect(given.every((each) => new SlotFilter(db).mayHold(each, given.length))).toBe(true);
        db.close();
      }),
      { numRuns: 20 },
    );
    const db = new DatabaseSync(":memory:");
    db.exec(TABLES);
    const filter = new SlotFilter(db);
    filter.open(0);
    const random = (i: number) => createHash("sha256").update(String(i)).digest().readUIntBE(0, 6) * 16 + (i % 16);
    for (let i = 0; i < 100_000; i++) filter.add(random(i));
    let inVain = 0;
    for (let i = 100_000; i < 200_000; i++) if (filter.mayHold(random(i), 0)) inVain++;
    expect(inVain).toBeLessThan(20);
    db.close();
  });

  it("is made from the slots where the file has none", () => {
    const db = new DatabaseSync(":memory:");
    db.exec(`${TABLES}; INSERT INTO slots VALUES (5, 0), (${2 ** 52 - 1}, 1)`);
    const filter = new SlotFilter(db);
    expect([5, 2 ** 52 - 1, 6].map((each) => filter.mayHold(each, 2))).toEqual([true, true, false]);
    db.close();
  });
});
