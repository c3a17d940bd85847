import { utf8 } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { type PgMessage, parseMessage } from "../src/postgres/pgoutput.ts";
import { Tuple } from "../src/postgres/tuple.ts";
import { valuesOf } from "../src/row-image.ts";
import { fc } from "./arbitraries.ts";

/** Builds messages as the PostgreSQL manual lays them out ("Logical Replication Message Formats"). */
class Out {
  readonly parts: Buffer[] = [];
  raw(...bytes: number[]): this {
    this.parts.push(Buffer.from(bytes));
    return this;
  }
  tag(letter: string): this {
    return this.raw(letter.charCodeAt(0));
  }
  u16(n: number): this {
    const b = Buffer.alloc(2);
    b.writeUInt16BE(n);
    this.parts.push(b);
    return this;
  }
  u32(n: number): this {
    const b = Buffer.alloc(4);
    b.writeUInt32BE(n);
    this.parts.push(b);
    return this;
  }
  i64(n: bigint): this {
    const b = Buffer.alloc(8);
    b.writeBigInt64BE(n);
    this.parts.push(b);
    return this;
  }
  text(s: string): this {
    this.parts.push(Buffer.from(`${s}\0`));
    return this;
  }
  value(s: string): this {
    return this.tag("t").u32(Buffer.byteLength(s)).add(Buffer.from(s));
  }
  add(b: Buffer): this {
    this.parts.push(b);
    return this;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

const out = (tag: string): Out => new Out().tag(tag);
const tuple = (o: Out): Out => o.u16(3).value("7").tag("n").tag("u");

const IMAGE = [utf8("7"), null, undefined];

/** A message with the values of its row images. */
type Read = { readonly tag: PgMessage["tag"] } & Readonly<Record<string, unknown>>;

const read = (bytes: Buffer, at?: number, end?: number): Read =>
  Object.fromEntries(
    Object.entries(parseMessage(bytes, at, end)).map(([name, value]) => [
      name,
      value instanceof Tuple ? valuesOf(value) : value,
    ]),
  ) as Read;

const MESSAGES: Readonly<Record<string, { readonly bytes: Buffer; readonly parsed: Read }>> = {
  begin: {
    bytes: out("B").i64(0x10n).i64(1_000_001n).u32(77).bytes,
    parsed: { tag: "begin", lsn: 0x10n, time: 946_684_801_000_001, xid: 77 },
  },
  commit: {
    bytes: out("C").raw(0).i64(0x10n).i64(0x20n).i64(0n).bytes,
    parsed: { tag: "commit", lsn: 0x10n, end: 0x20n, time: 946_684_800_000_000 },
  },
  relation: {
    bytes: out("R").u32(9).text("public").text("patients").tag("f").u16(1).raw(1).text("id").u32(23).u32(0xffffffff)
      .bytes,
    parsed: {
      tag: "relation",
      id: 9,
      schema: "public",
      name: "patients",
      columns: [{ key: true, name: "id", typeId: 23, modifier: -1 }],
    },
  },
  insert: {
    bytes: tuple(out("I").u32(9).tag("N")).bytes,
    parsed: { tag: "insert", relation: 9, after: IMAGE },
  },
  "update with the old row": {
    bytes: tuple(tuple(out("U").u32(9).tag("O")).tag("N")).bytes,
    parsed: {
      tag: "update",
      relation: 9,
      image: "full",
      before: IMAGE,
      after: IMAGE,
    },
  },
  "update without": {
    bytes: tuple(out("U").u32(9).tag("N")).bytes,
    parsed: { tag: "update", relation: 9, image: "none", before: null, after: IMAGE },
  },
  "delete by key": {
    bytes: tuple(out("D").u32(9).tag("K")).bytes,
    parsed: { tag: "delete", relation: 9, image: "key", before: IMAGE },
  },
  truncate: {
    bytes: out("T").u32(2).raw(1).u32(9).u32(10).bytes,
    parsed: { tag: "truncate", relations: [9, 10] },
  },
  message: {
    bytes: out("M").raw(1).i64(5n).text("anamnesis.actor").u32(2).add(Buffer.from("{}")).bytes,
    parsed: { tag: "message", transactional: true, prefix: "anamnesis.actor", content: utf8("{}") },
  },
  type: {
    bytes: out("Y").u32(99).text("public").text("mood").bytes,
    parsed: { tag: "type", id: 99, schema: "public", name: "mood" },
  },
  origin: { bytes: out("O").i64(1n).text("other").bytes, parsed: { tag: "origin" } },
};

describe.each(Object.entries(MESSAGES))("%s", (_, { bytes, parsed }) => {
  it("is read", () => {
    expect(read(bytes)).toEqual(parsed);
    expect(read(Buffer.concat([Buffer.of(1, 2), bytes, bytes]), 2, 2 + bytes.length)).toEqual(parsed);
  });

  it("is refused when cut off at any byte", () => {
    for (let end = 0; end < bytes.length; end++) {
      const refusal = expect.objectContaining({ code: "capture/malformed-message" });
      expect(() => parseMessage(bytes.subarray(0, end)), `cut at ${end}`).toThrow(refusal);
      expect(() => parseMessage(bytes, 0, end), `others behind ${end}`).toThrow(refusal);
    }
  });

  it("is refused with a byte too many", () => {
    expect(() => parseMessage(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(
      expect.objectContaining({ code: "capture/malformed-message" }),
    );
  });
});

describe("unknown and hostile messages", () => {
  it("names an unknown kind", () => {
    expect(() => parseMessage(Buffer.from("Zxxxx"))).toThrow(
      expect.objectContaining({ code: "capture/unknown-message" }),
    );
  });

  it("throws nothing but its own errors", () => {
    fc.assert(
      fc.property(fc.constantFrom(..."BCRIUDTMYO"), fc.uint8Array({ maxLength: 64 }), (tag, rest) => {
        try {
          parseMessage(Buffer.concat([Buffer.from(tag), rest]));
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^capture\/(malformed|unknown)-message$/) });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
