/** Many worlds, one after the other: what broke, the shortest steps found, and the command that replays it. */
import { type PlannedStep, planOf } from "./plan.ts";
import { type Outcome, play } from "./play.ts";
import { shortest } from "./shrink.ts";

export interface SeedsOptions {
  readonly first: number;
  readonly seeds: number;
  readonly steps: number;
  /** Steps to play; all when absent. */
  readonly only: readonly number[] | undefined;
  /** Stop at the first failure and do not search for fewer steps. */
  readonly quick: boolean;
  readonly tally: boolean;
}

type Say = (line: string) => void;

/** How many seeds failed. */
export async function runSeeds(options: SeedsOptions, say: Say): Promise<number> {
  const started = performance.now();
  const tally = new Map<string, number>();
  let [failed, leaves, played] = [0, 0, 0];
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    const outcome = await runSeed(seed, options, say);
    played++;
    leaves += outcome.leaves;
    for (const [what, count] of outcome.tally) tally.set(what, (tally.get(what) ?? 0) + count);
    if (outcome.failure !== undefined) failed++;
    if (failed > 0 && options.quick) break;
  }
  if (options.tally)
    for (const [what, count] of [...tally].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      say(`  ${String(count).padStart(7)}  ${what}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const what = `${played} seeds from ${options.first}, ${options.steps} steps each`;
  say(`${what}: ${failed} failed, ${leaves} leaves audited, ${seconds} s`);
  return failed;
}

async function runSeed(seed: number, options: SeedsOptions, say: Say): Promise<Outcome> {
  const { steps, only, quick } = options;
  const plan = planOf(seed, steps).filter(({ index }) => only === undefined || only.includes(index));
  const outcome = await play(seed, plan);
  if (outcome.failure === undefined) return outcome;
  const { step, what } = outcome.failure;
  say(`seed ${seed}: FAILED at ${step === undefined ? "the ends" : `step ${step.index} (${step.kind})`}: ${what}`);
  if (!quick && only === undefined) {
    const until = step === undefined ? plan : plan.slice(0, plan.indexOf(step) + 1);
    reportShortest(seed, steps, await shortest(seed, until), say);
  }
  return outcome;
}

function reportShortest(seed: number, steps: number, plan: readonly PlannedStep[], say: Say): void {
  say(`  shortest found, ${plan.length} steps: ${plan.map(({ index, kind }) => `${index} ${kind}`).join(", ")}`);
  const which = plan.length === 0 ? "" : ` --only ${plan.map(({ index }) => index).join(",")}`;
  say(`  replay: npm run sim -- --seed ${seed} --steps ${steps}${which}`);
}
