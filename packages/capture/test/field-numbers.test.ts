import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FieldNumbers, RowFields } from "../src/verify/field-numbers.ts";

const text = (value: string) => Buffer.from(value);
const hashOf = (row: Uint8Array, columns: readonly number[] = [0], from = 0, to = row.length) => {
  const { first, second } = new RowFields(columns).read(row, from, to);
  return { first, second };
};

describe("numbers of fields", () => {
  it("are a map from fields to the order in which they came", () => {
    const field = fc.uint8Array({ maxLength: 3, max: 3 });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 60 }), (fields) => {
        const numbers = new FieldNumbers();
        const model = new Map<string, number>();
        for (const bytes of fields) {
          const known = model.get(bytes.join());
          expect(numbers.find(hashOf(bytes))).toBe(known ?? -1);
          if (known !== undefined) continue;
          model.set(bytes.join(), model.size);
          numbers.add(hashOf(bytes));
        }
      }),
    );
  });

  it("hold after growing", () => {
    const numbers = new FieldNumbers();
    const field = (n: number) => hashOf(text(`patient ${n}`));
    for (let n = 0; n < 20_000; n++) numbers.add(field(n));
    for (let n = 0; n < 20_000; n += 7) expect(numbers.find(field(n))).toBe(n);
    expect(numbers.find(field(20_000))).toBe(-1);
  });

  it("differ where only half of what is kept of a field differs", () => {
    const numbers = new FieldNumbers();
    numbers.add({ first: 1, second: 2 });
    expect([1, 2].map((second) => numbers.find({ first: 1, second }))).toEqual([-1, 0]);
    expect(numbers.find({ first: 2, second: 2 })).toBe(-1);
  });
});

describe("fields of a row", () => {
  it("count where they are named, and nothing else does", () => {
    expect(hashOf(text("1\tada\tx"), [1])).toEqual(hashOf(text("22\tada\tyy"), [1]));
    expect(hashOf(text("1\tada\tx"), [1])).not.toEqual(hashOf(text("1\tadb\tx"), [1]));
    expect(hashOf(text("1\tada\tx"), [1])).toEqual(hashOf(text("..1\tada\tx..."), [1], 2, 9));
    expect(hashOf(text("1\tada"), [1])).toEqual(hashOf(text("1\tada\t"), [1]));
  });

  it("do not run into each other", () => {
    expect(hashOf(text("ab\tc"), [0, 1])).not.toEqual(hashOf(text("a\tbc"), [0, 1]));
    expect(hashOf(text("a\t"), [0, 1])).not.toEqual(hashOf(text("\ta"), [0, 1]));
  });

  it("are the same for every row where there are none", () => {
    expect(hashOf(text("a\tb"), [])).toEqual(hashOf(text("c"), []));
  });
});
