import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf, plainText } from "../src/address.ts";

describe("names and addresses", () => {
  it.each([
    ["  O'Brannagh ", "o’brannagh"],
    ["MÜLLER", "müller"],
    ["van  der Berg", "Van der Berg"],
    ["Ｓｍｉｔｈ", "smith"],
  ])("takes %s and %s for one name", (a, b) => {
    expect(plainText(a)).toBe(plainText(b));
  });

  it("keeps different names apart", () => {
    expect(plainText("Müller")).not.toBe(plainText("Muller"));
    expect(plainText(null)).toBe("");
  });

  it.each([
    ["Mill Lane 12", 12, "mill lane"],
    ["12 Mill Lane", 12, "mill lane"],
    ["人民路12号", 12, "人民路号"],
    ["Mill Lane", null, "mill lane"],
    ["Flat 3, 12 Mill Lane", 12, "flat 3 mill lane"],
  ])("finds the house in %s", (street, house, rest) => {
    expect(addressOf(street, "X")).toMatchObject({ house, street: `${rest}\0x` });
  });

  it("never fails, and equal texts are equal addresses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (street, town) => {
        expect(addressOf(street, town)).toEqual(addressOf(`${street} `, town));
      }),
    );
  });
});
