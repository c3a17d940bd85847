import { describe, expect, it } from "vitest";
import { importsOf, lineAt, scan } from "../../tools/tidy/scan.ts";

const specifiers = (text: string): readonly string[] => importsOf(scan(text)).map((each) => each.specifier);

describe("scan", () => {
  it.each([
    ["a // b", "a     "],
    ["a /* b\nc */ d", "a     \n     d"],
    ["'it\\'s' + x", "'     ' + x"],
    ['f("//", g)', 'f("  ", g)'],
    ['x = /[/"]/.test(y)', "x =       .test(y)"],
    ["a / b / c", "a / b / c"],
    ["`a ${b + `c ${d}`} e` + f", "`  ${b + `  ${d}`}  ` + f"],
    ["`${ {a: `x`} }` + 'y'", "`${ {a: ` `} }` + ' '"],
    ["'unclosed\nlet x", "'        \nlet x"],
  ])("keeps the code of %j", (text, bare) => {
    expect(scan(text).bare).toBe(bare);
  });

  it("keeps offsets and lines whatever the text", () => {
    const text = "const a = '😀'; // 😀\nimport 'x';";
    expect(scan(text).bare).toHaveLength(text.length);
    expect(lineAt(text, text.indexOf("import"))).toBe(2);
  });
});

describe("importsOf", () => {
  it("reads every way of naming a module", () => {
    const text = [
      'import a from "a";',
      'import { b,\n  c } from "b";',
      'import type { D } from "d";',
      'export * from "e";',
      "export { f } from 'f';",
      'import "g";',
      'await import("h");',
      'import.meta.resolve("i");',
      'require.resolve("j");',
    ].join("\n");
    expect(specifiers(text)).toEqual(["a", "b", "d", "e", "f", "g", "h", "i", "j"]);
  });

  it("tells types from values and gives lines", () => {
    expect(importsOf(scan('\nimport type { A } from "a";\nimport { type B } from "b";'))).toEqual([
      { specifier: "a", line: 2, typeOnly: true },
      { specifier: "b", line: 3, typeOnly: false },
    ]);
  });

  it("sees none in comments, texts or ordinary exports", () => {
    expect(
      specifiers('// import "a"\nconst s = \'import "b"\';\nexport const t = from("c");\nexport type U = "d";'),
    ).toEqual([]);
  });
});
