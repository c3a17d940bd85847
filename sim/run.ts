/** `npm run sim`: see the usage. Exit code 1 when anything broke. */
import { readOptions } from "../tools/lib/options.ts";
import { runIncentive } from "./incentive/run.ts";
import { findPlanted } from "./planted/run.ts";
import { runSeeds } from "./seeds.ts";

const USAGE = `npm run sim -- [--seed N] [--seeds K] [--steps M] [--only 3,17] [--tally] [--quick]
    K consortia from seed N on (1, 1), M steps each (120); --only: these steps alone; --tally: what happened how often
npm run sim -- --planted [NAME] [--seeds K]
    bugs planted on purpose, one at a time, and the seed and step that finds each (K seeds at the most: 40)
npm run sim -- incentive [--seeds N] [--json] [--write]
    who gains by playing foul, under the published rule and ours; --write: docs/incentive.md and its plot`;

const { values, positionals } = readOptions(
  USAGE,
  {
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
  },
  process.argv[2] === "incentive" ? [] : ["seed", "seeds", "steps"],
);

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
