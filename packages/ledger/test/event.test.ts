import { type Cbor, codeOf, decode, encode } from "@anamnesis/core";
import {
  decodeEvent,
  decodeEventHead,
  EVENT_KINDS,
  type Event,
  encodeEvent,
  encodeEventOnce,
  isEventLeaf,
} from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const orNull = <T>(a: fc.Arbitrary<T>) => fc.option(a, { nil: null });

const arbitraryEvent: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom(...EVENT_KINDS),
  source: fc.stringMatching(/^[a-z0-9]{1,32}$/),
  table: bytes(8),
  row: orNull(bytes(16)),
  schema: orNull(bytes(8)),
  commitment: orNull(bytes(32)),
  lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ordinal: fc.nat(),
  xid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  time: fc.maxSafeNat(),
  actor: orNull(bytes(16)),
  purpose: orNull(fc.string({ minLength: 1, maxLength: 32, unit: "grapheme-ascii" })),
});

const small = (n: bigint) => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n);

/** The same leaf through the DAG-CBOR library: the independent description of the format. */
function reference(e: Event): Uint8Array {
  const tuple: Cbor = [
    2,
    e.kind,
    e.source,
    e.table,
    e.row,
    e.schema,
    e.commitment,
    small(e.lsn),
    e.ordinal,
    small(e.xid),
    e.time,
    e.actor,
    e.purpose,
  ];
  return encode(tuple);
}

const sample: Event = {
  kind: "update",
  source: "ehr",
  table: new Uint8Array(8).fill(1),
  row: new Uint8Array(16).fill(2),
  schema: new Uint8Array(8).fill(3),
  commitment: new Uint8Array(32).fill(4),
  lsn: 0x1_0000_0010n,
  ordinal: 7,
  xid: 731n,
  time: 1_790_000_000_000_000,
  actor: null,
  purpose: "TREAT",
};

describe("event leaf", () => {
  it("has the bytes that the DAG-CBOR library writes, and reads them back", () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const leaf = encodeEvent(event);
        expect(leaf).toEqual(reference(event));
        expect(isEventLeaf(leaf)).toBe(true);
        expect(decodeEvent(leaf)).toEqual(event);
      }),
    );
  });

  it("has the same bytes where the next one is written over it", () => {
    const events = fc.array(arbitraryEvent, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(events, (list) => {
        for (const event of list) expect(encodeEventOnce(event)).toEqual(encodeEvent(event));
      }),
    );
    const long = { ...sample, source: "s".repeat(5_000) };
    expect(encodeEventOnce(long)).toEqual(encodeEvent(long));
  });

  it("refuses a leaf cut off at any byte, and any byte behind its end", () => {
    const leaf = encodeEvent(sample);
    for (let n = 0; n < leaf.length; n++) {
      expect(() => decodeEvent(leaf.subarray(0, n))).toThrow(expect.objectContaining({ code: "ledger/malformed" }));
    }
    const longer = new Uint8Array(leaf.length + 1);
    longer.set(leaf);
    expect(() => decodeEvent(longer)).toThrow(expect.objectContaining({ code: "ledger/malformed" }));
  });

  it("reads nothing that it would not have written: every one-byte change is refused or read as another event", () => {
    fc.assert(
      fc.property(arbitraryEvent, fc.nat(), fc.integer({ min: 1, max: 255 }), (event, at, flip) => {
        const leaf = encodeEvent(event);
        const i = at % leaf.length;
        leaf[i] = (leaf[i] ?? 0) ^ flip;
        let read: Event;
        try {
          read = decodeEvent(leaf);
        } catch (error) {
          expect(codeOf(error)).toBe("ledger/malformed");
          return;
        }
        expect(encodeEvent(read)).toEqual(leaf);
        expect(decode(leaf)).toBeTruthy();
      }),
    );
  });

  it("has a head that is read from the same bytes and refused for the same ones", () => {
    fc.assert(
      fc.property(arbitraryEvent, fc.nat(), fc.nat(255), fc.nat(), (event, at, flip, cut) => {
        const leaf = encodeEvent(event);
        const i = at % leaf.length;
        leaf[i] = (leaf[i] ?? 0) ^ flip;
        for (const bytes of [leaf, leaf.subarray(0, cut % leaf.length)]) {
          const whole = attempt(() => decodeEvent(bytes));
          const head = attempt(() => decodeEventHead(bytes));
          expect(typeof head).toBe(typeof whole);
          if (typeof whole === "object") expect(whole).toMatchObject(head as object);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** The value, or the code it is refused with. */
function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return codeOf(error) ?? "another error";
  }
}
