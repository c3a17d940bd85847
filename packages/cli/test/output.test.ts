import { AnamnesisError } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import { failureLines, failureOf } from "../src/output/failure.ts";
import { progressLine } from "../src/output/progress.ts";
import { toJson } from "../src/output/session.ts";
import { styleFor } from "../src/output/style.ts";
import { table } from "../src/output/table.ts";

describe("tables", () => {
  it("align, wide characters counted double", () => {
    expect(
      table([
        ["a", "b"],
        ["北方", "c"],
        ["abcde", "d"],
      ]),
    ).toEqual(["a      b", "北方   c", "abcde  d"]);
  });

  it("let nothing from the database move the cursor", () => {
    expect(table([["a\u001b[2Jb\tc\n"]])).toEqual(["a·[2Jb·c·"]);
  });

  it("cut long cells where asked", () => {
    expect(table([["abcdefgh"]], 5)).toEqual(["abcd…"]);
  });
});

describe("failures", () => {
  const texts = textsFor("en");

  it("say what is wrong and what to do", () => {
    const error = new AnamnesisError("ledger/locked", "another process holds it", { folder: "x" });
    const failure = failureOf(error, texts);
    expect(failure.code).toBe("ledger/locked");
    expect(failure.message).toContain("another process holds it (folder: x)");
    expect(failureLines(failure, texts).at(-1)).toBe("  [ledger/locked]");
  });

  it("tell nothing of a foreign error", () => {
    const failure = failureOf(new Error("password=geheim patient Meier"), texts);
    expect(failure.code).toBe("internal");
    expect(JSON.stringify(failure)).not.toMatch(/geheim|Meier/);
  });

  it("pass on a refusal with a code of a newer module", () => {
    expect(failureOf(new AnamnesisError("consent/withdrawn", "no"), texts).code).toBe("consent/withdrawn");
  });
});

describe("small things", () => {
  it("bars", () => {
    expect(progressLine("t", 50, 100)).toBe(`${"█".repeat(12)}${"░".repeat(12)}  50 %  t  50 / 100`);
    expect(progressLine("t", 5, 0)).toBe("t  5");
    expect(progressLine("t", 200, 100)).toContain("100 %");
  });

  it("colour only where wanted", () => {
    expect(styleFor({ isTTY: true }, {}).good("x")).not.toBe("x");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).good("x")).toBe("x");
    expect(styleFor({}, {}).good("x")).toBe("x");
  });

  it("JSON of 64-bit numbers and bytes", () => {
    expect(toJson({ a: 2n ** 60n, b: new Uint8Array([1, 255]) })).toBe('{"a":"1152921504606846976","b":"01ff"}');
  });
});
