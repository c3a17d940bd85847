// `npm run mutants [-- --files PART,PART --limit N --from I --to J --unchecked --list --json]`: breaks the contracts, the ledger's rules and
// the embedded engine in one place at a time and sees whether the simulation or the unit tests notice. Exit code 1 when
// a mutant that is not known to be harmless survives.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "./lib/options.ts";
import { root } from "./lib/steps.ts";
import { type Mutant, mutantsOf, spread } from "./mutants/find.ts";
import { isHarmless } from "./mutants/harmless.ts";
import { endAll, judge, passesUnchanged, type Verdict } from "./mutants/judge.ts";

const { values } = readOptions(
  "npm run mutants -- [--files PART,PART] [--limit 320] [--from I] [--to J] [--unchecked] [--list] [--json]",
  {
    options: {
      files: { type: "string" },
      limit: { type: "string", default: "320" },
      from: { type: "string", default: "0" },
      to: { type: "string" },
      unchecked: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  },
  ["limit", "from", "to"],
);

const FOLDERS = ["packages/contracts/src", "packages/ledger/src", "packages/engines/embedded/src"];
const LEDGER = /ledger\/src\/(?:execute|state-|merkle|checkpoint|note|verify|tiles|found-blocks)/;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function sources(): string[] {
  const parts = values.files?.split(",");
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  )
    .filter((file) => file.endsWith(".ts") && !file.endsWith("/index.ts"))
    .filter((file) => !file.includes("/ledger/") || LEDGER.test(file))
    .filter((file) => parts === undefined || parts.some((part) => file.includes(part)))
    .sort();
}

const describeMutant = ({ file, line, how, was, now }: Mutant): string =>
  `${file}:${line} [${how}]\n    was ${was.replaceAll(/\s+/g, " ")}\n    now ${now.replaceAll(/\s+/g, " ")}`;

async function main(folder: string): Promise<number> {
  const files = sources();
  const all = mutantsOf(root, files);
  const chosen = spread(all, Number(values.limit)).slice(Number(values.from), Number(values.to ?? all.length));
  say(`${files.length} files, ${all.length} possible mutants, ${chosen.length} tried`);
  if (values.list) {
    for (const each of chosen) say(describeMutant(each));
    return 0;
  }
  if (!values.unchecked && !(await passesUnchanged(files))) {
    say("the simulation or the unit tests fail already on the unchanged sources: repair that first");
    return 2;
  }
  const survivors: Mutant[] = [];
  let harmless = 0;
  const by: Record<string, number> = {};
  for (const mutant of chosen) {
    const verdict: Verdict = await judge(mutant, folder);
    const key = verdict.caught ? verdict.by : isHarmless(mutant) ? "harmless" : "survived";
    by[key] = (by[key] ?? 0) + 1;
    if (verdict.caught) continue;
    if (isHarmless(mutant)) {
      harmless++;
      continue;
    }
    survivors.push(mutant);
    say(`survived: ${describeMutant(mutant)}`);
  }
  const counted = chosen.length - harmless;
  const share = ((100 * (counted - survivors.length)) / Math.max(1, counted)).toFixed(1);
  if (values.json) {
    const rest = survivors.map(({ file, line, how, was, now }) => ({ file, line, how, was, now }));
    say(JSON.stringify({ tried: chosen.length, by, survivors: rest }));
  }
  say(
    `${chosen.length} mutants, ${harmless} known to be harmless: ${share} % of the others caught (${Object.entries(by)
      .map(([name, n]) => `${name} ${n}`)
      .join(", ")})`,
  );
  return survivors.length === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    endAll();
    process.exit(130);
  });
}
const folder = mkdtempSync(join(tmpdir(), "anamnesis-mutants-"));
try {
  process.exitCode = await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
