/** Who imports whom: the table in law.ts, relative paths included, and no import that cannot be read off the page. */
import { law, lawOf, mayImport, type PackageLaw, SCOPE } from "../law.ts";
import { bareName, packageManifests } from "../manifest.ts";
import { importsOf, lineAt } from "../scan.ts";
import { type Finding, isCode, isTest, packageOf, scanOf, type Tree } from "../tree.ts";

const rule = "arrows";

export function arrows(tree: Tree, table: readonly PackageLaw[] = law): readonly Finding[] {
  const manifests = packageManifests(tree);
  const folderOf = new Map([...manifests].map(([folder, manifest]) => [manifest.name, folder]));
  const findings: Finding[] = [];
  for (const [folder, manifest] of manifests) {
    if (lawOf(folder, table) === undefined) {
      findings.push({
        rule,
        file: manifest.file,
        text: `package "${folder}" is not in the table of tools/tidy/law.ts`,
      });
    }
  }
  for (const file of tree.keys()) {
    const from = packageOf(file);
    if (from === undefined || !isCode(file)) continue;
    const source = scanOf(tree, file);
    for (const { specifier, line } of importsOf(source)) {
      const to = specifier.startsWith(SCOPE) ? folderOf.get(bareName(specifier)) : crossing(file, specifier);
      if (specifier.startsWith(SCOPE) && to === undefined) {
        findings.push({ rule, file, line, text: `imports ${specifier}, which is no package of this workspace` });
      } else if (to === null) {
        findings.push({ rule, file, line, text: `reaches out of its package by path: ${specifier}` });
      } else if (to !== undefined && !mayImport(from, to, isTest(file), table)) {
        findings.push({ rule, file, line, text: `${from} may not import ${to}` });
      }
    }
    for (const match of source.bare.matchAll(/\bimport\s*\(\s*[^"'\s)]/g)) {
      findings.push({ rule, file, line: lineAt(source.bare, match.index), text: "import() of a computed name" });
    }
  }
  return findings;
}

/** The one way for a command in `bin/` to reach the pinned runtime. */
const DOOR = "/tools/door.js";

/** `null` when a relative import leaves its own package, undefined otherwise. */
function crossing(file: string, specifier: string): null | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const home = `/packages/${packageOf(file) ?? ""}/`;
  const target = new URL(specifier, `file:///${file}`).pathname;
  if (target === DOOR && file.includes("/bin/")) return undefined;
  return target.startsWith(home) ? undefined : null;
}
