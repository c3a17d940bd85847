// `npm run sim -- --seed N --steps M [--seeds K] [--only 3,17] [--json]`: K worlds from seed N on, M steps each. What breaks
// is printed with the shortest steps found and the command that replays it. Exit code 1 when anything broke.
import { parseArgs } from "node:util";
import { type PlannedStep, planOf } from "./plan.ts";
import { type Outcome, play } from "./play.ts";
import { shortest } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    steps: { type: "string", default: "120" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});

const first = Number(values.seed);
const steps = Number(values.steps);
const only = values.only?.split(",").map(Number);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function runSeed(seed: number): Promise<Outcome> {
  const plan = planOf(seed, steps).filter(({ index }) => only === undefined || only.includes(index));
  const outcome = await play(seed, plan);
  if (outcome.failure === undefined) return outcome;
  const { step, what } = outcome.failure;
  say(`seed ${seed}: FAILED at step ${step?.index ?? "0 (founding)"} (${step?.kind ?? "found"}): ${what}`);
  if (!values.quick && only === undefined)
    reportShortest(seed, await shortest(seed, plan.slice(0, (step?.index ?? 0) + 1)));
  return outcome;
}

function reportShortest(seed: number, plan: readonly PlannedStep[]): void {
  say(`  shortest found, ${plan.length} steps: ${plan.map(({ index, kind }) => `${index} ${kind}`).join(", ")}`);
  const which = plan.length === 0 ? "" : ` --only ${plan.map(({ index }) => index).join(",")}`;
  say(`  replay: npm run sim -- --seed ${seed} --steps ${steps}${which}`);
}

const started = performance.now();
let failed = 0;
let leaves = 0;
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const outcome = await runSeed(seed);
  leaves += outcome.leaves;
  if (outcome.failure !== undefined) failed++;
  if (failed > 0 && values.quick) break;
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
say(
  `${values.seeds} seeds from ${first}, ${steps} steps each: ${failed} failed, ${leaves} leaves audited, ${seconds} s`,
);
process.exitCode = failed === 0 ? 0 : 1;
