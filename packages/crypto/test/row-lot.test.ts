import { codeOf, utf8 } from "@anamnesis/core";
import { handles, RowLot, rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const TABLE = Uint8Array.from({ length: 8 }, (_, i) => 0x10 + i);
const SCHEMA = Uint8Array.from({ length: 8 }, (_, i) => 0x20 + i);
const named = handles(native, new Uint8Array(32).fill(9));
const sealers = Array.from({ length: 5 }, (_, i) => rowSealer(native, new Uint8Array(32).fill(i + 1)));
const sealer = (i: number) => sealers[i] ?? rowSealer(native, new Uint8Array(32));

const lot = opened();
function opened(): RowLot {
  const found = RowLot.open();
  if (found === undefined) throw new Error("this platform has no WebAssembly with vectors");
  return found;
}

const changes = fc.record({
  who: fc.nat(sealers.length - 1),
  key: fc.uint8Array({ maxLength: 100 }),
  /** The row's handle may be known already, or there may be nothing to commit to. */
  row: fc.oneof(fc.constant(undefined), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  commits: fc.boolean(),
  lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ordinal: fc.nat(2 ** 32 - 1),
  bytes: fc.uint8Array({ maxLength: 500 }),
});

describe("a lot of changes", () => {
  it("has the handles and commitments that each would have alone", () => {
    fc.assert(
      fc.property(fc.array(fc.array(changes, { minLength: 1, maxLength: 40 }), { maxLength: 3 }), (lots) => {
        for (const list of lots) {
          const numbers = list.map((c) => {
            const row = c.row ?? lot.handle(named, TABLE, c.key);
            const place = { table: TABLE, schema: SCHEMA, row, lsn: c.lsn, ordinal: c.ordinal };
            return { row, commitment: c.commits ? lot.commitment(sealer(c.who), place, c.bytes) : undefined };
          });
          lot.run();
          for (const [i, c] of list.entries()) {
            const { row, commitment } = numbers[i] ?? { row: -1, commitment: undefined };
            const handle = c.row ?? named.row(TABLE, c.key);
            if (typeof row === "number") expect(lot.handleOf(row)).toEqual(handle);
            if (commitment === undefined) continue;
            const alone = sealer(c.who).commitment(TABLE, handle, SCHEMA, c.lsn, c.ordinal, c.bytes);
            expect(lot.commitmentOf(commitment)).toEqual(alone);
          }
          lot.clear();
        }
      }),
    );
  });

  it("says when there is no room, and keeps what it has", () => {
    const place = { table: TABLE, schema: SCHEMA, row: lot.handle(named, TABLE, utf8("1")), lsn: 8n, ordinal: 1 };
    const number = lot.commitment(sealer(0), place, utf8("1\tA"));
    expect(lot.commitment(sealer(0), place, new Uint8Array(1_000_000))).toBe(-1);
    expect(lot.handle(named, TABLE, new Uint8Array(1_000_000))).toBe(-1);
    lot.run();
    const handle = named.row(TABLE, utf8("1"));
    expect(lot.commitmentOf(number)).toEqual(sealer(0).commitment(TABLE, handle, SCHEMA, 8n, 1, utf8("1\tA")));
    lot.clear();
  });

  it("refuses parts of another length, as they are refused alone", () => {
    const place = { table: TABLE, schema: SCHEMA, row: new Uint8Array(16), lsn: 8n, ordinal: 1 };
    const refused = (wrong: Partial<typeof place>) => {
      try {
        lot.commitment(sealer(0), { ...place, ...wrong }, utf8("1"));
      } catch (error) {
        return codeOf(error);
      }
      return undefined;
    };
    for (const wrong of [
      { table: SCHEMA.slice(1) },
      { schema: new Uint8Array(9) },
      { row: new Uint8Array(15) },
      { lsn: -1n },
    ])
      expect(refused(wrong)).toBe("crypto/bad-field");
    expect(refused({ ordinal: 2 ** 32 })).toBe("crypto/bad-field");
    lot.clear();
  });
});
