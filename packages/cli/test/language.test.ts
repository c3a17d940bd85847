import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { takeLanguage, textsFor } from "../src/language.ts";

describe("language", () => {
  it.each([
    [["--lang", "zh", "verify"], {}, "zh", ["verify"]],
    [["verify", "--lang=en", "x"], { LANG: "zh_CN.UTF-8" }, "en", ["verify", "x"]],
    [["verify"], { LANG: "zh_CN.UTF-8" }, "zh", ["verify"]],
    [["verify"], { LC_ALL: "C", LANG: "zh_CN" }, "en", ["verify"]],
    [["verify"], { LANG: "de_DE.UTF-8" }, "en", ["verify"]],
  ])("of %j in %j", (argv, env, language, rest) => {
    expect(takeLanguage(argv, env)).toEqual({ language, rest });
  });

  it("names a language that does not exist", () => {
    expect(takeLanguage(["--lang", "tlh"], {})).toMatchObject({ wrong: "tlh" });
    expect(takeLanguage(["--lang"], {})).toMatchObject({ wrong: "" });
  });
});

/** Every text, functions by how many arguments they take. */
function shape(value: unknown): unknown {
  if (typeof value === "function") return `function/${value.length}`;
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([k, v]) => [k, shape(v)])
      .toSorted(),
  );
}

describe("catalogues", () => {
  it("have the same texts in every language", () => {
    expect(shape(textsFor("zh"))).toEqual(shape(textsFor("en")));
  });

  it("have a text and a remedy for every code", () => {
    for (const language of ["en", "zh"] as const) {
      for (const [code, { text, remedy }] of Object.entries(textsFor(language).errors)) {
        expect(text.length > 3 && remedy.length > 3, code).toBe(true);
      }
    }
  });

  it("are translated", () => {
    const { errors: en } = textsFor("en");
    const { errors: zh } = textsFor("zh");
    const same = Object.entries(en).filter(([code, { text }]) => zh[code as keyof typeof zh].text === text);
    expect(same).toEqual([]);
  });
});

describe("codes", () => {
  it("that stand in the sources have a text, also where no type tells the catalogue", () => {
    const packages = new URL("../../", import.meta.url);
    const files = readdirSync(packages, { recursive: true, encoding: "utf8" }).filter((f) =>
      /^(?!.*node_modules).*\/src\/.*\.ts$/.test(f),
    );
    expect(files.length).toBeGreaterThan(100);
    const code = /"((?:core|crypto|ledger|events|capture|node|gateway|sandbox|cli)\/[a-z-]+)"/g;
    const used = files.flatMap((f) => [...readFileSync(new URL(f, packages), "utf8").matchAll(code)].map((m) => m[1]));
    const known = new Set<string>(Object.keys(textsFor("en").errors));
    expect([...new Set(used)].filter((c) => c !== undefined && !known.has(c))).toEqual([]);
  });
});
