/** Pure packages touch no platform: time, chance, process and I/O reach them as arguments only. */
import { law, type PackageLaw } from "../law.ts";
import { importsOf, lineAt } from "../scan.ts";
import { type Finding, isCode, packageOf, scanOf, type Tree } from "../tree.ts";

const rule = "pure";

const forbidden: readonly (readonly [RegExp, string])[] = [
  [/(?<![.\w#$])Date\s*\.\s*now\b/g, "Date.now"],
  [/(?<![.\w#$])new\s+Date\b/g, "new Date"],
  [/(?<![.\w#$])Math\s*\.\s*random\b/g, "Math.random"],
  [/(?<![.\w#$])process\s*\??\s*[.[]/g, "process"],
  [/(?<![.\w#$])performance\s*\.\s*now\b/g, "performance.now"],
  [/(?<![.\w#$])crypto\s*\.\s*(?:subtle|getRandomValues|randomUUID)\b/g, "the platform's crypto"],
  [/(?<![.\w#$])globalThis\b/g, "globalThis"],
  [/(?<![.\w#$])Buffer\s*[.(]/g, "Buffer"],
  [/(?<![.\w#$])console\s*\./g, "console"],
  [/(?<![.\w#$])(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\s*\(/g, "timers or fetch"],
  [/\bimport\s*\.\s*meta\b/g, "import.meta"],
];

export function pure(tree: Tree, table: readonly PackageLaw[] = law): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of tree.keys()) {
    const entry = pureLaw(file, table);
    if (entry === undefined) continue;
    const source = scanOf(tree, file);
    for (const { specifier, line } of importsOf(source)) {
      if (specifier.startsWith("node:")) findings.push({ rule, file, line, text: `pure package imports ${specifier}` });
    }
    if (entry.webFiles?.includes(inside(file, entry)) === true) continue;
    for (const [pattern, what] of forbidden) {
      for (const match of source.bare.matchAll(pattern)) {
        findings.push({ rule, file, line: lineAt(source.bare, match.index), text: `pure package uses ${what}` });
      }
    }
  }
  return findings;
}

/** The law of the package when the file falls under purity. */
function pureLaw(file: string, table: readonly PackageLaw[]): PackageLaw | undefined {
  const entry = table.find((each) => each.folder === packageOf(file));
  if (entry?.pure !== true || !isCode(file)) return undefined;
  const path = inside(file, entry);
  const exempt = !path.startsWith("src/") || entry.impureFolders?.some((each) => path.startsWith(each)) === true;
  return exempt ? undefined : entry;
}

function inside(file: string, { folder }: PackageLaw): string {
  return file.slice(`packages/${folder}/`.length);
}
