import { codeOf } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { blob, Database, integer, text } from "../src/sqlite.ts";

describe("rows of the store", () => {
  const code = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      return codeOf(error);
    }
  };
  const bytes = Uint8Array.of(1);

  it.each([
    ["an unsigned integer", integer, 7, ["7", -1, 1.5, 2 ** 53, null, bytes]],
    ["bytes", blob, bytes, ["x", 1, null]],
    ["a text", text, "x", [1, bytes, null]],
  ])("hold %s or are damaged", (_, read, right, wrong) => {
    expect(read({ column: right }, "column")).toBe(right);
    for (const value of wrong) expect(code(() => read({ column: value }, "column"))).toBe("ledger/damaged-store");
  });

  it("are damaged when a number is larger than any of ours", () => {
    const db = Database.writer(":memory:");
    const query = db.prepare("SELECT 9007199254740993 AS column");
    expect(code(() => query.get())).toBe("ledger/damaged-store");
    db.close();
  });
});
