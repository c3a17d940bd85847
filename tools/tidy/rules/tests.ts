/** A test runs or says loudly why not: no focus, no silent skip, no note to self. */
import { lineAt } from "../scan.ts";
import { type Finding, isCode, isTest, scanOf, type Tree } from "../tree.ts";

const rule = "tests";

export function tests(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of tree.keys()) {
    if (!isTest(file) || !isCode(file)) continue;
    const { bare } = scanOf(tree, file);
    for (const match of bare.matchAll(/\.\s*(?:only|skip|todo)\s*[.(]/g)) {
      const what = match[0].replace(/\s/g, "").replace(/[.(]$/, "");
      findings.push({
        rule,
        file,
        line: lineAt(bare, match.index),
        text: `${what}: use describe.skipIf with skipLoudly`,
      });
    }
  }
  return findings;
}
