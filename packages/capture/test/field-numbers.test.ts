import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FieldNumbers } from "../src/verify/field-numbers.ts";

describe("numbers of fields", () => {
  it("are a map from bytes to the order in which they came", () => {
    const field = fc.uint8Array({ maxLength: 3, max: 3 });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 60 }), (fields) => {
        const numbers = new FieldNumbers();
        const model = new Map<string, number>();
        for (const bytes of fields) {
          const known = model.get(bytes.join());
          expect(numbers.find(bytes, 0, bytes.length)).toBe(known ?? -1);
          if (known !== undefined) continue;
          model.set(bytes.join(), model.size);
          expect(numbers.add(bytes, 0, bytes.length)).toBe(true);
        }
      }),
    );
  });

  it("hold after growing", () => {
    const numbers = new FieldNumbers();
    const bytes = (n: number) => Buffer.from(`patient ${n}`);
    for (let n = 0; n < 20_000; n++) expect(numbers.add(bytes(n), 0, bytes(n).length)).toBe(true);
    for (let n = 0; n < 20_000; n += 7) expect(numbers.find(bytes(n), 0, bytes(n).length)).toBe(n);
    expect(numbers.find(bytes(20_000), 0, bytes(20_000).length)).toBe(-1);
  });

  it("are not given to what is longer than an id", () => {
    const numbers = new FieldNumbers();
    expect(numbers.add(new Uint8Array(40), 0, 40)).toBe(false);
    expect(numbers.add(new Uint8Array(40), 1, 40)).toBe(true);
    expect(numbers.find(new Uint8Array(39), 0, 39)).toBe(0);
  });
});
