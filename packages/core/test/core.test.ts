import {
  AnamnesisError,
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  asUint64,
  type Cbor,
  chainId,
  codeOf,
  compare,
  concat,
  decode,
  encode,
  equal,
  fromBase64,
  fromHex,
  fromUtf8,
  invariant,
  orgId,
  slug,
  toBase64,
  toHex,
  utf8,
} from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const code = (value: string) => expect.objectContaining({ code: value });
const bytes = fc.uint8Array({ maxLength: 80 });

describe("bytes", () => {
  it("come back from hexadecimal and base64", () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(fromHex(toHex(b))).toEqual(b);
        expect(fromBase64(toBase64(b))).toEqual(b);
        expect(toBase64(b)).toBe(Buffer.from(b).toString("base64"));
      }),
    );
  });

  it.each(["0", "0g", "zz", " 00"])("refuses %j as hexadecimal", (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });

  it.each(["A", "AB=", "A===", "AA==A", "AB==", "A B=", "AAA\n", "_-__"])("refuses %j as base64", (text) => {
    expect(() => fromBase64(text)).toThrow(RangeError);
  });

  it("refuses ill-formed UTF-8", () => {
    expect(fromUtf8(utf8("前史 ✓"))).toBe("前史 ✓");
    expect(() => fromUtf8(new Uint8Array([0xc0, 0x80]))).toThrow(TypeError);
  });

  it("are ordered like memcmp, and joined without a trace of the joints", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compare(a, b))).toBe(Buffer.compare(a, b));
        expect(equal(a, b)).toBe(Buffer.from(a).equals(b));
        expect(concat(a, b)).toEqual(new Uint8Array([...a, ...b]));
      }),
    );
  });
});

const leaf: fc.Arbitrary<Cbor> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.string(),
  bytes,
);
const { value } = fc.letrec<{ value: Cbor }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
}));

describe("canonical encoding", () => {
  it("has one form for each value and gives the value back", () => {
    fc.assert(
      fc.property(value, (v) => {
        const written = encode(v);
        expect(decode(written)).toEqual(v);
        expect(encode(decode(written))).toEqual(written);
      }),
    );
  });

  it("refuses every value that is cut off or followed by something", () => {
    fc.assert(
      fc.property(value, (v) => {
        const written = encode(v);
        for (let n = 0; n < written.length; n++) {
          expect(() => decode(written.subarray(0, n))).toThrow(code("core/bad-encoding"));
        }
        expect(() => decode(concat(written, new Uint8Array(1)))).toThrow(code("core/bad-encoding"));
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ["an integer not in its shortest form", "1801"],
    ["an indefinite list", "9f01ff"],
    ["an indefinite string", "7f6161ff"],
    ["map keys out of order", "a2616201616101"],
    ["the same key twice", "a2616101616102"],
    ["undefined", "f7"],
    ["NaN", "fb7ff8000000000000"],
    ["a tag that is not a CID", "c11a514b67b0"],
    ["text that is not UTF-8", "61ff"],
    ["a reserved length", "1c"],
  ])("refuses %s", (_what, hex) => {
    expect(() => decode(fromHex(hex))).toThrow(code("core/bad-encoding"));
  });
});

describe("readers of decoded values", () => {
  it.each<[string, () => unknown]>([
    ["a shorter tuple", () => asTuple([1], 2, "it")],
    ["no list", () => asList(5, 2, "it")],
    ["a longer list", () => asList([1, 2, 3], 2, "it")],
    ["longer text", () => asText("abc", 2, "it")],
    ["bytes of another length", () => asBytes(new Uint8Array(3), 4, "it")],
    ["more bytes", () => asBytesUpTo(new Uint8Array(5), 4, "it")],
    ["a negative integer", () => asUint(-1, "it")],
    ["a fraction", () => asUint(1.5, "it")],
    ["an integer beyond 2^53", () => asUint(2n ** 60n, "it")],
    ["an integer beyond 2^64", () => asUint64(2n ** 64n, "it")],
    ["a missing field", () => asText(undefined, 2, "it")],
  ])("refuse %s and name the field", (_what, read) => {
    expect(read).toThrow(code("core/bad-encoding"));
    expect(read).toThrow(/it/);
  });

  it("accept what fits", () => {
    expect(asUint64(7, "it")).toBe(7n);
    expect(asUint64(2n ** 64n - 1n, "it")).toBe(2n ** 64n - 1n);
  });
});

describe("identifiers", () => {
  it.each(["a", "hospital-nord", "a1", "0".repeat(32)])("accept %j", (text) => {
    expect(chainId(text)).toBe(text);
  });

  it.each(["", "-a", "a-", "A", "a b", "a.b", "ä", "a".repeat(33), "a\n"])("refuse %j", (text) => {
    expect(() => orgId(text)).toThrow(code("core/bad-identifier"));
  });

  it("are made from display names", () => {
    expect(slug("Hospital Nord")).toBe("hospital-nord");
    expect(slug("  Zürich — Süd / 2 ")).toBe("zurich-sud-2");
    fc.assert(fc.property(fc.string(), (name) => slug(name) === "" || orgId(slug(name)) === slug(name)));
  });
});

describe("errors", () => {
  it("carry a code and details; foreign errors have none", () => {
    const error = new AnamnesisError("x/y", "what", { n: 1 });
    expect([codeOf(error), error.details, codeOf(new Error("other"))]).toEqual(["x/y", { n: 1 }, undefined]);
    expect(() => invariant(false, "never")).toThrow(code("core/invariant"));
  });
});
