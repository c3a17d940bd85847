import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayText, copyLine, ident, keyText } from "../src/text.ts";

/** An independent reader of COPY lines, straight from the manual's table. */
function readCopyLine(line: string): (string | null)[] {
  const names: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  return line
    .split("\t")
    .map((part) => (part === "\\N" ? null : part.replace(/\\(.)/gs, (_, c: string) => names[c] ?? c)));
}

const text = fc.string({
  unit: fc.constantFrom("a", "\\", "|", "\t", "\n", "\r", "\b", "\v", "\f", "N", "é", "\u4e2d"),
});

describe("copyLine", () => {
  test("reads back as it was, NULL and empty apart", () => {
    fc.assert(
      fc.property(fc.array(fc.option(text), { minLength: 1 }), (values) => {
        const line = copyLine(values);
        expect(line).not.toMatch(/[\n\r]/);
        expect(readCopyLine(line)).toEqual(values);
      }),
    );
  });

  test("tells NULL, the empty string and a backslash with N apart", () => {
    expect(copyLine([null, "", "\\N"])).toBe("\\N\t\t\\\\N");
  });
});

describe("keyText", () => {
  test("two different keys never have one name", () => {
    const keys = fc.array(text, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(keyText(a) === keyText(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 1_000 },
    );
  });

  test("marks its two signs", () => {
    expect(keyText(["B|2", "C\\3", "7"])).toBe("B\\|2|C\\\\3|7");
  });
});

test("names and arrays are quoted", () => {
  expect(ident('a"b')).toBe('"a""b"');
  expect(arrayText(['x "y"', "\\", ""])).toBe('{"x \\"y\\"","\\\\",""}');
});
