/** Plays a plan in a world of its own, and says what broke. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlannedStep } from "./plan.ts";
import { Chance } from "./random.ts";
import { STEPS } from "./world/steps.ts";
import { World } from "./world/world.ts";

export interface Outcome {
  /** Leaves on the log, blocks' clients, and images tried at the end. */
  readonly leaves: number;
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
    return { leaves: 0, cutsTried: 0, failure: { step: undefined, what: textOf(error) } };
  }
  let step: PlannedStep | undefined;
  try {
    for (step of plan) await STEPS[step.kind](world, new Chance(step.seed));
    await world.auditAll();
    return { leaves: world.auditor.size, cutsTried: world.cutsTried };
  } catch (error) {
    return { leaves: world.auditor.size, cutsTried: world.cutsTried, failure: { step, what: textOf(error) } };
  } finally {
    await world.close().catch(() => {});
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` (${String(error.code)})` : "";
  return `${error.name}: ${error.message}${code}`;
}
