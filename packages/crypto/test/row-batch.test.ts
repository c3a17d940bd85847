import { codeOf } from "@anamnesis/core";
import { RowBatch, type RowPlace, type RowSealer, rowSealer } from "@anamnesis/crypto";
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
  /** This byte of the commitment is another one. */
  readonly wrong: number | undefined;
}
const cases = fc.record({
  key: fc.nat(sealers.length - 1),
  handle: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ordinal: fc.nat(2 ** 32 - 1),
  row: fc.uint8Array({ maxLength: 500 }),
  wrong: fc.option(fc.nat(31), { nil: undefined }),
});

/** As the row index keeps it: the handle, something, then the position's two parts and the commitment. */
function placeOf({ handle, lsn, ordinal }: Case, commitment: Uint8Array) {
  const bytes = new Uint8Array(80);
  bytes.set(handle, 3);
  bytes.set(commitment, 41);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(25, lsn);
  view.setUint32(35, ordinal);
  return { view, handleAt: 3, lsnAt: 25, ordinalAt: 35, commitmentAt: 41 };
}

/** Not at the beginning of its bytes. */
function add(key: number, place: RowPlace, row: Uint8Array): boolean {
  return batch.add(key, place, Uint8Array.from([1, 2, ...row, 3]), 2, 2 + row.length);
}

const EMPTY = placeOf(
  { key: 0, handle: new Uint8Array(16), lsn: 0n, ordinal: 0, row: new Uint8Array(0), wrong: undefined },
  new Uint8Array(32),
);

const tagOf = (c: Case, sealer: RowSealer | undefined): Uint8Array =>
  sealer?.commitment(TABLE, c.handle, SCHEMA, c.lsn, c.ordinal, c.row) ?? new Uint8Array(32);

describe("commitments of many rows", () => {
  it("are those of each row's sealer, and of no other row", () => {
    fc.assert(
      fc.property(fc.array(cases, { minLength: 1, maxLength: 20 }), (rows) => {
        batch.begin(TABLE, SCHEMA);
        const numbers = sealers.map((sealer) => batch.learn(sealer));
        for (const c of rows) {
          const tag = tagOf(c, sealers[c.key]);
          if (c.wrong !== undefined) tag[c.wrong] = (tag[c.wrong] ?? 0) ^ 1;
          expect(add(numbers[c.key] ?? -1, placeOf(c, tag), c.row)).toBe(true);
        }
        batch.run();
        for (const [i, c] of rows.entries()) {
          expect(batch.fits(i)).toBe(c.wrong === undefined);
          expect(batch.row(i)).toEqual(c.row);
        }
      }),
    );
  });

  it("take keys while rows are waiting", () => {
    batch.begin(TABLE, SCHEMA);
    for (const [i, sealer] of sealers.entries()) {
      const more = { row: Uint8Array.of(i), wrong: undefined };
      const c: Case = { key: i, handle: new Uint8Array(16).fill(i), lsn: 8n, ordinal: i, ...more };
      expect(add(batch.learn(sealer), placeOf(c, tagOf(c, sealer)), c.row)).toBe(true);
    }
    batch.run();
    expect(sealers.map((_, i) => batch.fits(i))).toEqual(sealers.map(() => true));
  });

  it("know no key after they have forgotten them", () => {
    batch.begin(TABLE, SCHEMA);
    const key = batch.learn(rowSealer(native, new Uint8Array(32)));
    batch.forget();
    expect(codeOf(thrown(() => add(key, EMPTY, Uint8Array.of(1))))).toBe("core/invariant");
    batch.clear();
  });

  it("have no room for a row that is larger than their memory", () => {
    batch.begin(TABLE, SCHEMA);
    const key = batch.learn(rowSealer(native, new Uint8Array(32)));
    expect(batch.add(key, EMPTY, new Uint8Array(2_000_000), 0, 2_000_000)).toBe(false);
    expect(batch.add(key, EMPTY, new Uint8Array(2_000), 0, 2_000)).toBe(true);
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
