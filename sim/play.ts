/** Plays a plan in a world of its own, and says what broke. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlannedStep } from "./plan.ts";
import { Chance } from "./random.ts";
import { STEPS } from "./world/steps.ts";
import { World } from "./world/world.ts";

export interface Outcome {
  /** Leaves on the log at the end, and images of power cuts that were tried one by one. */
  readonly leaves: number;
  /** How often each kind was accepted and each code refused. */
  readonly tally: ReadonlyMap<string, number>;
  readonly cutsTried: number;
  readonly failure?: { readonly step: PlannedStep | undefined; readonly what: string };
}

/** Memory where there is such a folder: what a flush means is up to the simulated disk, not to the real one. */
const BASE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function play(seed: number, plan: readonly PlannedStep[]): Promise<Outcome> {
  let world: World;
  try {
    world = await World.open(mkdtempSync(join(BASE, "anamnesis-sim-")), seed);
  } catch (error) {
    return { leaves: 0, cutsTried: 0, tally: new Map(), failure: { step: undefined, what: textOf(error) } };
  }
  let step: PlannedStep | undefined;
  try {
    for (step of plan) await STEPS[step.kind](world, new Chance(step.seed));
    step = undefined;
    await world.auditAll();
    return figures(world);
  } catch (error) {
    return { ...figures(world), failure: { step, what: textOf(error) } };
  } finally {
    await world.close().catch(() => {});
  }
}

const figures = ({ auditor, cutsTried }: World) => ({ leaves: auditor.size, cutsTried, tally: auditor.tally });

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` (${String(error.code)})` : "";
  return `${error.name}: ${error.message}${code}`;
}
