// Every rule of tools/tidy.ts, shown to fire on an invented tree and to keep silent on a good one.
import { describe, expect, it } from "vitest";
import { mayImport, type PackageLaw } from "../../tools/tidy/law.ts";
import { arrows } from "../../tools/tidy/rules/arrows.ts";
import { declared } from "../../tools/tidy/rules/declared.ts";
import { lock } from "../../tools/tidy/rules/lock.ts";
import { places } from "../../tools/tidy/rules/places.ts";
import { pure } from "../../tools/tidy/rules/pure.ts";
import { seen } from "../../tools/tidy/rules/seen.ts";
import { figures, sizes } from "../../tools/tidy/rules/sizes.ts";
import { tests } from "../../tools/tidy/rules/tests.ts";
import type { Finding, Tree } from "../../tools/tidy/tree.ts";

const table: readonly PackageLaw[] = [
  { folder: "core", pure: true, impureFolders: ["src/native/"], webFiles: ["src/web.ts"] },
  { folder: "engines/one", never: [] },
  { folder: "capture", never: ["engines/one"] },
  { folder: "testkit" },
];

const manifest = (name: string, more: object = {}): string =>
  JSON.stringify({ name: `@anamnesis/${name}`, version: "0.1.0", ...more });

function tree(files: Readonly<Record<string, string>>): Tree {
  return new Map(
    Object.entries({
      "package.json": JSON.stringify({ name: "anamnesis", devDependencies: { vitest: "4.0.0" } }),
      "package-lock.json": JSON.stringify({
        packages: { "": {}, "node_modules/pg": { version: "8.0.0" }, "node_modules/vitest": { version: "4.0.0" } },
      }),
      "packages/core/package.json": manifest("core"),
      "packages/engines/one/package.json": manifest("one"),
      "packages/capture/package.json": manifest("capture", {
        dependencies: { "@anamnesis/core": "*", "@anamnesis/one": "*", pg: "8.0.0" },
        devDependencies: { "@anamnesis/testkit": "*" },
      }),
      "packages/testkit/package.json": manifest("testkit"),
      ...files,
    }),
  );
}

const texts = (findings: readonly Finding[]): readonly string[] => findings.map((each) => each.text);

describe("arrows", () => {
  const check = (files: Readonly<Record<string, string>>): readonly string[] => texts(arrows(tree(files), table));

  it("lets a package import an earlier one and itself", () => {
    const source =
      'import { a } from "@anamnesis/core";\nimport { b } from "./b.ts";\nimport "@anamnesis/capture/sub";';
    expect(check({ "packages/capture/src/a.ts": source })).toEqual([]);
  });

  it.each([
    ["a later package", "core", 'import { a } from "@anamnesis/capture";', "core may not import capture"],
    [
      "a type of a later package",
      "core",
      'import type { A } from "@anamnesis/capture";',
      "core may not import capture",
    ],
    ["a re-export", "core", 'export * from "@anamnesis/testkit";', "core may not import testkit"],
    ["a dynamic import", "core", 'await import("@anamnesis/testkit");', "core may not import testkit"],
    ["a forbidden earlier one", "capture", 'import "@anamnesis/one";', "capture may not import engines/one"],
    [
      "a package that is not there",
      "capture",
      'import "@anamnesis/moon";',
      "imports @anamnesis/moon, which is no package of this workspace",
    ],
    [
      "a path into another package",
      "capture",
      'import "../../core/src/a.ts";',
      "reaches out of its package by path: ../../core/src/a.ts",
    ],
    ["a computed name", "capture", "await import(name);", "import() of a computed name"],
  ])("refuses %s", (_what, folder, source, text) => {
    expect(check({ [`packages/${folder}/src/a.ts`]: source })).toEqual([text]);
  });

  it("lets tests, and tests alone, import the testkit", () => {
    const source = 'import { a } from "@anamnesis/testkit";';
    expect(check({ "packages/core/test/a.test.ts": source })).toEqual([]);
    expect(check({ "packages/core/src/a.ts": source })).toEqual(["core may not import testkit"]);
  });

  it("refuses a package that the table does not know", () => {
    expect(check({ "packages/moon/package.json": manifest("moon") })).toEqual([
      'package "moon" is not in the table of tools/tidy/law.ts',
    ]);
  });

  it("holds for the real table: contracts and engines never meet, cli stays clear of the testkit", () => {
    expect(mayImport("engines/embedded", "contracts", false)).toBe(false);
    expect(mayImport("contracts", "engines/embedded", false)).toBe(false);
    expect(mayImport("cli", "testkit", false)).toBe(false);
    expect(mayImport("capture", "engines/embedded", false)).toBe(false);
    expect(mayImport("node", "capture", false)).toBe(true);
  });
});

describe("pure", () => {
  const check = (source: string, file = "packages/core/src/a.ts"): readonly string[] =>
    texts(pure(tree({ [file]: source }), table));

  it.each([
    ['import { readFileSync } from "node:fs";', "pure package imports node:fs"],
    ['import type { Hash } from "node:crypto";', "pure package imports node:crypto"],
    ["const t = Date.now();", "pure package uses Date.now"],
    ["const t = new Date();", "pure package uses new Date"],
    ["const r = Math.random();", "pure package uses Math.random"],
    ["if (process.env) {}", "pure package uses process"],
    ["const b = Buffer.from([]);", "pure package uses Buffer"],
    ["console.log(1);", "pure package uses console"],
    ["setTimeout(f, 1);", "pure package uses timers or fetch"],
    ["crypto.getRandomValues(a);", "pure package uses the platform's crypto"],
    ["const x = `${Date.now()}`;", "pure package uses Date.now"],
  ])("finds %s", (source, text) => {
    expect(check(source)).toEqual([text]);
  });

  it("is not fooled by comments, texts and names that only look alike", () => {
    const source =
      '// Date.now\n/* process.exit */ const a = "Math.random()"; step.process.run(); const r = /new Date/;';
    expect(check(source)).toEqual([]);
  });

  it("lets a web file ask the platform, but not import from node", () => {
    expect(check("globalThis.crypto.getRandomValues(a);", "packages/core/src/web.ts")).toEqual([]);
    expect(check('import "node:crypto";', "packages/core/src/web.ts")).toEqual(["pure package imports node:crypto"]);
  });

  it("leaves impure folders, tests and other packages alone", () => {
    for (const file of ["packages/core/src/native/a.ts", "packages/core/test/a.test.ts", "packages/capture/src/a.ts"]) {
      expect(check("Date.now();", file)).toEqual([]);
    }
  });
});

describe("declared", () => {
  const check = (files: Readonly<Record<string, string>>): readonly string[] => texts(declared(tree(files)));

  it("accepts what package.json lists, and shared development tools in tests", () => {
    const files = {
      "packages/capture/src/a.ts": 'import pg from "pg/lib/x";\nimport "@anamnesis/core";\nimport "node:fs";',
      "packages/capture/test/a.test.ts": 'import { it } from "vitest";\nimport "@anamnesis/testkit";',
    };
    expect(check(files)).toEqual([]);
  });

  it.each([
    ['import "left-pad";', "imports left-pad, which packages/capture/package.json does not declare"],
    ['import { it } from "vitest";', "imports vitest, which packages/capture/package.json does not declare"],
    ['import "fs";', "write node:fs, not fs"],
    ['import.meta.resolve("left-pad/x");', "imports left-pad, which packages/capture/package.json does not declare"],
  ])("refuses %s", (source, text) => {
    expect(check({ "packages/capture/src/a.ts": source })).toEqual([text]);
  });

  it.each([
    [{ pg: "^8.0.0" }, 'pg must name one exact version, not "^8.0.0"'],
    [{ pg: "9.0.0" }, "pg 9.0.0 is not what package-lock.json holds"],
    [{ "@anamnesis/core": "0.1.0" }, '@anamnesis/core must be "*": it is our own'],
  ])("refuses the declaration %j", (dependencies, text) => {
    expect(check({ "packages/testkit/package.json": manifest("testkit", { dependencies }) })).toContain(text);
  });
});

describe("lock", () => {
  const check = (packages: object): readonly string[] =>
    texts(lock(new Map([["package-lock.json", JSON.stringify({ packages })]])));

  it("accepts a complete lock with links and without addresses", () => {
    const packages = {
      "": { dependencies: { a: "1.0.0" } },
      "node_modules/a": { version: "1.0.0", optionalDependencies: { b: "1.0.0" } },
      "node_modules/a/node_modules/b": { version: "1.0.0" },
      "node_modules/@anamnesis/core": { resolved: "packages/core", link: true },
    };
    expect(check(packages)).toEqual([]);
  });

  it("refuses an empty or missing lock", () => {
    expect(check({})).toEqual(["no package-lock.json, or an empty one"]);
    expect(texts(lock(new Map()))).toEqual(["no package-lock.json, or an empty one"]);
  });

  it("refuses addresses, install scripts and holes", () => {
    expect(check({ "node_modules/a": { version: "1.0.0", resolved: "https://example.org/a.tgz" } })).toEqual([
      "node_modules/a carries an address; run npm with omit-lockfile-registry-resolved",
    ]);
    expect(check({ "node_modules/a": { version: "1.0.0", hasInstallScript: true } })).toEqual([
      "a wants to run an install script",
    ]);
    expect(check({ "node_modules/a": { version: "1.0.0", optionalDependencies: { b: "1.0.0" } } })).toEqual([
      "node_modules/a asks for b: no entry",
    ]);
  });

  it("refuses install hooks of our own", () => {
    const hooked = tree({ "packages/core/package.json": manifest("core", { scripts: { postinstall: "true" } }) });
    expect(texts(lock(hooked))).toContain("no install hooks: postinstall");
  });
});

describe("places", () => {
  const check = (text: string): number => places(new Map([["docs/a.md", text]])).length;

  it.each([
    "https://reg|istry.example.org/pg",
    "https://reg|istry.npm|js.org/pg",
    "reg|istry=https://example.org",
    "http://10.|0.0.1:4873/",
    "see /wo|rk/main/a.ts",
    '"/ho|me/somebody/x"',
    "/ro|ot/.cache",
  ])("finds %s", (broken) => {
    // Broken by a bar, so that this file does not break the rule itself.
    expect(check(broken.replaceAll("|", ""))).toBe(1);
  });

  it.each(["packages/a/x.tmp.ts", "packages/a/G-try.ts", "packages/a/test/tmpbench.ts", "a.orig"])(
    "finds the scratch file %s",
    (file) => {
      expect(texts(places(new Map([[file, ""]])))).toEqual(["a scratch file: remove it or give it a place"]);
    },
  );

  it("lets ordinary addresses and paths pass", () => {
    expect(
      check("https://github.com/a/b http://127.0.0.1:8420/checkpoint /var/lib ./work/x a/root/b https://c2sp.org"),
    ).toBe(0);
  });
});

describe("tests", () => {
  const check = (source: string): readonly string[] => texts(tests(tree({ "packages/core/test/a.test.ts": source })));

  it("finds focus, silent skips and notes to self", () => {
    expect(check('it.only("a", f);')).toHaveLength(1);
    expect(check('describe.skip("a", f);')).toHaveLength(1);
    expect(check('it.skip.each([1])("a", f);')).toHaveLength(1);
    expect(check('it.todo("a");')).toHaveLength(1);
  });

  it("accepts skipIf and the words in a text", () => {
    expect(check('describe.skipIf(true)("a .only( b", f);')).toEqual([]);
  });
});

describe("sizes", () => {
  const lines = (count: number): string => "x;\n".repeat(count);
  const check = (exceptions: object, files: Readonly<Record<string, string>>): readonly string[] =>
    texts(sizes(tree({ "tools/tidy.sizes.json": JSON.stringify({ limit: 10, exceptions }), ...files })));

  it("refuses a file over the limit and a missing ledger", () => {
    expect(check({}, { "packages/core/src/a.ts": lines(10) })).toEqual([]);
    expect(check({}, { "packages/core/src/a.ts": lines(11) })).toEqual(["11 lines; at most 10: split it"]);
    expect(texts(sizes(tree({})))).toEqual(["is missing"]);
  });

  it("only lets an exception shrink", () => {
    const file = "packages/core/src/a.ts";
    expect(check({ [file]: 20 }, { [file]: lines(20) })).toEqual([]);
    expect(check({ [file]: 20 }, { [file]: lines(21) })).toEqual(["21 lines; at most 20: split it"]);
    expect(check({ [file]: 20 }, { [file]: lines(15) })).toEqual([`${file} shrank to 15: lower its entry from 20`]);
    expect(check({ [file]: 20 }, { [file]: lines(9) })).toEqual([`${file} needs no exception any more: remove it`]);
    expect(check({ [file]: 20 }, {})).toEqual([`${file} needs no exception any more: remove it`]);
  });

  it("reports median and p90 apart for sources and tests", () => {
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`packages/core/src/${i}.ts`, lines(i + 1)]));
    const found = figures(tree({ ...files, "packages/core/test/a.test.ts": lines(3) }));
    expect(found.src).toEqual({ files: 10, lines: 55, median: 6, p90: 10, max: 10 });
    expect(found.tests).toEqual({ files: 1, lines: 3, median: 3, p90: 3, max: 3 });
  });
});

describe("seen", () => {
  it("fails on an empty tree", () => {
    expect(seen(new Map(), table)).toHaveLength(table.length + 1);
  });

  it("is content when every package and some test was read", () => {
    const files = Object.fromEntries(table.map(({ folder }) => [`packages/${folder}/src/a.ts`, "x;"]));
    expect(seen(tree({ ...files, "packages/core/test/a.test.ts": "x;" }), table)).toEqual([]);
  });
});
