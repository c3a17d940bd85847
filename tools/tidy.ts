// `npm run tidy [-- --sizes | --fix]`: the rules of the house that no other tool checks. Exit code 1 on any finding.
import { root } from "./lib/steps.ts";
import { declareMissing } from "./tidy/declare.ts";
import { arrows } from "./tidy/rules/arrows.ts";
import { declared } from "./tidy/rules/declared.ts";
import { lock } from "./tidy/rules/lock.ts";
import { places } from "./tidy/rules/places.ts";
import { pure } from "./tidy/rules/pure.ts";
import { seen } from "./tidy/rules/seen.ts";
import { figures, sizes } from "./tidy/rules/sizes.ts";
import { tests } from "./tidy/rules/tests.ts";
import { type Rule, readTree } from "./tidy/tree.ts";

const rules: readonly Rule[] = [seen, arrows, pure, declared, lock, places, tests, sizes];

if (process.argv.includes("--fix")) {
  for (const note of declareMissing(root, readTree(root))) process.stdout.write(`${note}\n`);
}
const tree = readTree(root);
const findings = rules.flatMap((rule) => rule(tree));
for (const { rule, file, line, text } of findings) {
  process.stdout.write(`${file}${line === undefined ? "" : `:${line}`}  [${rule}] ${text}\n`);
}
const { src, tests: inTests } = figures(tree);
if (process.argv.includes("--sizes")) {
  for (const [name, each] of [["src", src] as const, ["tests", inTests] as const]) {
    const { files, lines, median, p90, max } = each;
    process.stdout.write(`${name}: ${files} files, ${lines} lines, median ${median}, p90 ${p90}, largest ${max}\n`);
  }
}
process.stdout.write(
  `tidy: ${src.files + inTests.files} code files, ${tree.size} files, ${findings.length} findings\n`,
);
process.exitCode = findings.length === 0 && src.files > 0 ? 0 : 1;
