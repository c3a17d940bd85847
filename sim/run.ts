// `npm run sim -- [--seed N --steps M --seeds K --only 3,17 --tally --quick]`: K worlds from seed N on, M steps each.
// `npm run sim -- --planted [NAME]`: bugs planted on purpose, each found by which seed and step.
// `npm run sim -- incentive`: see incentive/run.ts. Exit code 1 when anything broke.
import { parseArgs } from "node:util";
import { runIncentive } from "./incentive/run.ts";
import { findPlanted } from "./planted/run.ts";
import { runSeeds } from "./seeds.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // The subcommand has options of its own.
  strict: process.argv[2] !== "incentive",
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    steps: { type: "string", default: "120" },
    only: { type: "string" },
    planted: { type: "boolean", default: false },
    tally: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<boolean> {
  if (values.planted) {
    const found = await findPlanted(Number(values.seeds ?? 40), say, positionals[0]);
    const caught = found.filter(({ how }) => how !== undefined).length;
    say(`${caught} of ${found.length} planted bugs found`);
    return caught === found.length;
  }
  const only = values.only?.toString().split(",").map(Number);
  const { tally, quick } = values;
  const options = { first: Number(values.seed), seeds: Number(values.seeds ?? 1), steps: Number(values.steps) };
  return (await runSeeds({ ...options, only, tally: tally === true, quick: quick === true }, say)) === 0;
}

process.exitCode = process.argv[2] === "incentive" ? runIncentive(process.argv.slice(3)) : (await main()) ? 0 : 1;
