/**
 * The layout of data pages, against a page that PostgreSQL 18.4 wrote: a table
 * `t (id bigint, name text, small smallint, [dropped integer], reading float8, amount numeric, at timestamptz, day date,
 * ok boolean, empty text, long text EXTERNAL)` with the three rows that `READ` holds.
 */
import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePlace } from "../src/storage/catalog.ts";
import { pageChecksum } from "../src/storage/checksum.ts";
import { PAGE_BYTES, Page } from "../src/storage/page.ts";
import { fieldsOf, markDeleted, outOfLineId, type StoredColumn, setPlace } from "../src/storage/tuple.ts";
import { changeLetter, changeValue } from "../src/storage/value.ts";

const PAGE =
  "7dk9SgNRFMXx/7yZOBOeYcCUIjyMoLtwdAXiDkQFEUlARYjV2LkJiZWktDNIimDlAhSyBSEg2FjJE5wPtbOzOb/uwOEW95YX4HFvFLy2YYXpEi5yAMPB" +
  "DVuDIdOrmUFERERERERERERERERERP7NW/m1bZY5xBIm7s7UuTCJoC9/9uF/bnmynubX6epaB++9b5x/7z0pGwZLnLjduM6F1uZ+t9uLyatR2cvT862B" +
  "MFgYWxhZmMsgyn7fs5oTFPd8b9S5YDeOznaqltvOUi7muWyTHy7mD/eG8TIErZOD3vHpV+UT";
const CHECKSUM = 5_103;

const column = (name: string, type: string, length: number, align: number): StoredColumn => ({
  ...{ name, type, length, align },
});
const COLUMNS: readonly StoredColumn[] = [
  column("id", "bigint", 8, 8),
  column("name", "text", -1, 4),
  column("small", "smallint", 2, 2),
  column("gone", "-", 4, 4),
  column("reading", "double precision", 8, 8),
  column("amount", "numeric", -1, 4),
  column("at", "timestamp with time zone", 8, 8),
  column("day", "date", 4, 4),
  column("ok", "boolean", 1, 1),
  column("empty", "text", -1, 4),
  column("long", "text", -1, 4),
];

const page = (): Page => new Page(new Uint8Array(inflateRawSync(Buffer.from(PAGE, "base64"))));

function tuple(of: Page, item: number): Uint8Array {
  const found = of.tuple(item);
  if (found === undefined) throw new Error("no such tuple");
  return found;
}

function field(bytes: Uint8Array, name: string) {
  const found = fieldsOf(bytes, COLUMNS).find((f) => f.column.name === name);
  if (found === undefined) throw new Error(`${name} is NULL`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + found.at, found.length);
  return { found, view, text: Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("latin1") };
}

describe("a page's checksum", () => {
  it("is the one that PostgreSQL wrote", () => {
    expect(pageChecksum(page().bytes, 0)).toBe(CHECKSUM);
    expect(page().isSound(0)).toBe(true);
  });

  it("depends on the block's number and on every byte but its own two", () => {
    expect(page().isSound(1)).toBe(false);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: PAGE_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const other = page();
        other.bytes[at] = (other.bytes[at] ?? 0) ^ mask;
        const same = at === 8 || at === 9;
        expect(pageChecksum(other.bytes, 0) === CHECKSUM).toBe(same);
      }),
    );
  });

  it("is right again after sealing, wherever the page stands", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(PAGE_BYTES - 1), (block, at) => {
        const other = page();
        other.bytes[at] = 0x5a;
        other.seal(block);
        expect(other.isSound(block)).toBe(true);
      }),
    );
  });
});

describe("a tuple", () => {
  it("is taken apart into its columns, past NULLs, dropped columns and padding", () => {
    const first = tuple(page(), 1);
    expect(fieldsOf(first, COLUMNS).map((f) => f.column.name)).toEqual(
      "id name small reading amount at day ok long".split(" "),
    );
    expect(field(first, "id").view.getBigInt64(0, true)).toBe(1n);
    expect(field(first, "name").text).toBe("Alva");
    expect(field(first, "small").view.getInt16(0, true)).toBe(7);
    expect(field(first, "reading").view.getFloat64(0, true)).toBe(72.5);
    expect(field(first, "long").text).toBe("short");
    const third = tuple(page(), 3);
    expect(field(third, "name").text).toBe("y".repeat(300));
    expect(field(third, "small").view.getInt16(0, true)).toBe(-3);
    expect(field(third, "empty").text).toBe("z");
  });

  it("names the out-of-line value that a column points to", () => {
    const second = tuple(page(), 2);
    const { found } = field(second, "long");
    expect(found.form).toBe("out-of-line");
    expect(outOfLineId(second, found)).toBeGreaterThan(16_384);
    expect(field(second, "empty").text).toBe("");
  });

  it("has its values changed in place, the length untouched", () => {
    const first = tuple(page(), 1);
    for (const name of "name small reading amount at day ok long".split(" ")) {
      const before = field(first, name).text;
      expect(changeValue(first, field(first, name).found)).toBe(true);
      expect(field(first, name).text).not.toBe(before);
      expect(fieldsOf(first, COLUMNS)).toHaveLength(9);
    }
    expect(field(first, "name").text).toBe("Alvb");
    expect(field(first, "small").view.getInt16(0, true)).toBe(8);
  });

  it("is left alone where there is nothing to change in place", () => {
    const second = tuple(page(), 2);
    for (const name of ["amount", "empty", "long", "id"])
      expect(changeValue(second, field(second, name).found)).toBe(false);
  });

  it("is deleted by its own writer, with the hint that this one committed", () => {
    const first = tuple(page(), 1);
    markDeleted(first);
    expect(first.slice(4, 8)).toEqual(first.slice(0, 4));
    expect((first[21] ?? 0) & 0x04).toBe(0x04);
    expect((first[21] ?? 0) & 0x08).toBe(0);
  });
});

describe("a page", () => {
  it("gives no tuple for a pointer that leads to none", () => {
    const one = page();
    one.kill(2);
    expect([one.tuple(0), one.tuple(2), one.tuple(4)]).toEqual([undefined, undefined, undefined]);
    expect(one.tuple(3)).toBeDefined();
  });

  it("takes tuples until it is full and leaves those that it has", () => {
    const one = page();
    const copy = tuple(one, 3).slice();
    let last: number | undefined = 3;
    for (let item: number | undefined = 3; item !== undefined; item = one.add(copy)) last = item;
    expect(last).toBeGreaterThan(10);
    expect(field(tuple(one, 1), "name").text).toBe("Alva");
    setPlace(tuple(one, last), 0x12345, last);
    expect([...tuple(one, last).slice(12, 18)]).toEqual([1, 0, 0x45, 0x23, last, 0]);
    expect(tuple(one, last).slice(18)).toEqual(copy.slice(18));
  });
});

describe("places and letters", () => {
  it("reads a ctid", () => {
    expect(parsePlace("(131072,17)")).toEqual({ block: 131_072, item: 17 });
  });

  it("changes a letter into another one, and nothing where there is none", () => {
    expect(changeLetter(Buffer.from("12 34"))).toBe(false);
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9 ]*[A-Za-z][0-9]*$/), (text) => {
        const bytes = Buffer.from(text);
        expect(changeLetter(bytes)).toBe(true);
        expect(bytes.toString()).not.toBe(text);
        expect(bytes.toString().toLowerCase()).toMatch(/^[a-z0-9 ]+$/);
      }),
    );
  });
});
