/** A check over nothing passes everything: so the tree must hold what it is known to hold. */
import { law, type PackageLaw } from "../law.ts";
import { type Finding, isTest, type Tree } from "../tree.ts";

const rule = "seen";

export function seen(tree: Tree, table: readonly PackageLaw[] = law): readonly Finding[] {
  const files = [...tree.keys()].filter((file) => file.endsWith(".ts"));
  const findings: Finding[] = [];
  for (const { folder } of table) {
    if (!files.some((file) => file.startsWith(`packages/${folder}/src/`))) {
      findings.push({ rule, file: `packages/${folder}/src`, text: "no TypeScript file seen here" });
    }
  }
  if (!files.some(isTest)) findings.push({ rule, file: "packages", text: "no test seen anywhere" });
  return findings;
}
