import { toHex } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import {
  keyOfFields,
  keyTagOf,
  keyText,
  parseRow,
  RowWriter,
  rowText,
  splitRow,
  unescapeField,
} from "../src/postgres/canonical.ts";
import { bytes, columns, fc } from "./arbitraries.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("row bytes", () => {
  it("are written as COPY writes them", () => {
    const row = new RowWriter().row([text("a\tb\\c\nd\re\bf\fg\vh"), null, text(""), text("\\N"), text("é€😀")]);
    expect(rowText(row)).toBe("a\\tb\\\\c\\nd\\re\\bf\\fg\\vh\t\\N\t\t\\\\N\té€😀");
  });

  it("keep NULL and the empty text apart", () => {
    const writer = new RowWriter();
    expect(rowText(writer.row([null]))).toBe("\\N");
    expect(rowText(writer.row([text("")]))).toBe("");
  });

  it("give the columns back", () => {
    fc.assert(
      fc.property(fc.array(columns, { minLength: 1, maxLength: 8 }), (row) => {
        const parsed = parseRow(new RowWriter().row(row).slice(), row.length);
        expect(parsed.map(plain)).toEqual(row.map(plain));
      }),
    );
  });

  it("differ when the columns differ", () => {
    fc.assert(
      fc.property(
        fc.array(columns, { minLength: 2, maxLength: 2 }),
        fc.array(columns, { minLength: 2, maxLength: 2 }),
        (a, b) => {
          const same = a.every((value, i) => plain(value) === plain(b[i] ?? null));
          const equal = rowText(new RowWriter().row(a)) === rowText(new RowWriter().row(b));
          expect(equal).toBe(same);
        },
      ),
    );
  });

  it("survive a buffer that has to grow", () => {
    const long = new Uint8Array(100_000).fill(0x09);
    const writer = new RowWriter();
    expect(writer.row([text("x"), long]).length).toBe(2 + 200_000);
    expect(rowText(writer.row([text("y")]))).toBe("y");
  });

  it("yield the same key bytes from fields and from columns", () => {
    fc.assert(
      fc.property(
        fc.array(columns, { minLength: 3, maxLength: 3 }),
        fc.constantFrom([0], [2, 0], [1, 2]),
        fc.constantFrom(undefined, "3,1", '["a\\nb"]', "x".repeat(10_000)),
        (row, keyColumns, keyTag) => {
          const fields = splitRow(new RowWriter().row(row).slice());
          const of = { keyColumns, keyTag };
          expect(Buffer.from(keyOfFields(fields, of))).toEqual(Buffer.from(new RowWriter().key(row, of)));
        },
      ),
    );
  });

  it("never yield the same key bytes under two keys of a table", () => {
    const keys = [[0], [1], [2], [0, 1], [1, 0], [2, 1], [0, 1, 2], [2, 1, 0]];
    const listed = (numbers: readonly (number | undefined)[]) =>
      numbers.map((id, i) => ({ name: `c${i}`, ...(id !== undefined && { id }) }));
    const same = fc.constantFrom("1", "2", "\n", "1\t2", "\\N").map(text);
    fc.assert(
      fc.property(
        fc.array(same, { minLength: 3, maxLength: 3 }),
        fc.array(same, { minLength: 3, maxLength: 3 }),
        fc.constantFrom(...keys),
        fc.constantFrom(...keys),
        fc.constantFrom([1, 2, 3], [2, 3, 4], [3, 1, 7], [undefined, undefined, undefined]),
        (row, other, key, otherKey, numbers) => {
          const bytesOf = (of: readonly number[], values: typeof row) =>
            toHex(new RowWriter().key(values, { keyColumns: of, ...keyTagOf(listed(numbers), of) }));
          fc.pre(key !== otherKey);
          expect(bytesOf(key, row)).not.toBe(bytesOf(otherKey, other));
        },
      ),
    );
  });

  it("add nothing to the key bytes of the first columns in their order", () => {
    const named = ["a", "b", "c"].map((name) => ({ name }));
    const numbered = named.map((column, i) => ({ ...column, id: i + 1 }));
    for (const list of [named, numbered]) for (const key of [[], [0], [0, 1]]) expect(keyTagOf(list, key)).toEqual({});
    expect([keyTagOf(numbered, [1, 0]), keyTagOf(named, [1, 0])]).toEqual([{ keyTag: "2,1" }, { keyTag: '["b","a"]' }]);
    expect(keyTagOf([{ name: "a", id: 3 }], [0])).toEqual({ keyTag: "3" });
  });

  it.each(["\\", "\\x", "a\\q"])("refuse the escape in %j", (field) => {
    expect(() => unescapeField(text(field))).toThrow(expect.objectContaining({ code: "capture/malformed-row" }));
  });

  it("refuse another number of columns", () => {
    expect(() => parseRow(text("a\tb"), 3)).toThrow(expect.objectContaining({ code: "capture/malformed-row" }));
  });
});

describe("key text", () => {
  it("escapes what separates", () => {
    expect(keyText([text("a|b"), null, text("c\\d"), text("é")], [0, 2, 3])).toBe("a\\|b|c\\\\d|é");
  });

  it("shows long and non-ASCII keys", () => {
    const long = "x".repeat(30);
    expect(keyText([text(long)], [0])).toBe(long);
    expect(keyText([bytes("ü|")], [0])).toBe("ü\\|");
  });
});

const plain = (value: Uint8Array | null): string | null => (value === null ? null : Buffer.from(value).toString("hex"));
