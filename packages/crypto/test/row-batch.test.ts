import { RowBatch, type RowSealer, rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const TABLE = Uint8Array.from({ length: 8 }, (_, i) => 0x10 + i);
const SCHEMA = Uint8Array.from({ length: 8 }, (_, i) => 0x20 + i);
const sealers = Array.from({ length: 5 }, (_, i) => rowSealer(native, new Uint8Array(32).fill(i + 1)));

const batch = opened();
function opened(): RowBatch {
  const found = RowBatch.open();
  if (found === undefined) throw new Error("this platform has no WebAssembly with vectors");
  return found;
}

interface Case {
  readonly key: number;
  readonly handle: Uint8Array;
  readonly lsn: bigint;
  readonly ordinal: number;
  readonly row: Uint8Array;
}
const cases = fc.record({
  key: fc.nat(sealers.length - 1),
  handle: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ordinal: fc.nat(2 ** 32 - 1),
  row: fc.uint8Array({ maxLength: 500 }),
});

/** As the row index keeps it: the handle, something, then the position's two parts. */
function placeOf({ handle, lsn, ordinal }: Case) {
  const bytes = new Uint8Array(40);
  bytes.set(handle, 3);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(25, lsn);
  view.setUint32(35, ordinal);
  return { bytes, handleAt: 3, lsnAt: 25, ordinalAt: 35 };
}

const tagOf = (c: Case, sealer: RowSealer | undefined): Uint8Array =>
  sealer?.commitment(TABLE, c.handle, SCHEMA, c.lsn, c.ordinal, c.row) ?? new Uint8Array(32);

describe("commitments of many rows", () => {
  it("are those of each row's sealer, and of no other row", () => {
    fc.assert(
      fc.property(fc.array(cases, { minLength: 1, maxLength: 20 }), (rows) => {
        batch.begin(TABLE, SCHEMA);
        const numbers = sealers.map((sealer) => batch.learn(sealer));
        for (const c of rows) expect(batch.add(numbers[c.key] ?? -1, placeOf(c), c.row)).toBe(true);
        batch.run();
        for (const [i, c] of rows.entries()) {
          const tag = tagOf(c, sealers[c.key]);
          expect(batch.fits(i, tag, 0)).toBe(true);
          expect(batch.row(i)).toEqual(c.row);
          tag[31] = (tag[31] ?? 0) ^ 1;
          expect(batch.fits(i, tag, 0)).toBe(false);
        }
      }),
    );
  });

  it("take keys while rows are waiting", () => {
    batch.begin(TABLE, SCHEMA);
    const all = sealers.map((sealer, i) => {
      const c: Case = { key: i, handle: new Uint8Array(16).fill(i), lsn: 8n, ordinal: i, row: Uint8Array.of(i) };
      expect(batch.add(batch.learn(sealer), placeOf(c), c.row)).toBe(true);
      return tagOf(c, sealer);
    });
    batch.run();
    expect(all.map((tag, i) => batch.fits(i, tag, 0))).toEqual(all.map(() => true));
  });

  it("have no room for a row that is larger than their memory", () => {
    batch.begin(TABLE, SCHEMA);
    const key = batch.learn(rowSealer(native, new Uint8Array(32)));
    const place = { bytes: new Uint8Array(64), handleAt: 0, lsnAt: 16, ordinalAt: 24 };
    expect(batch.add(key, place, new Uint8Array(2_000_000))).toBe(false);
    expect(batch.add(key, place, new Uint8Array(2_000))).toBe(true);
  });
});
