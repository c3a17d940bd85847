/** A run as data: which step, with which seed of its own. So steps can be left out and the others stay what they are. */
import { Chance } from "./random.ts";
import { type StepKind, WEIGHTS } from "./world/steps.ts";

export interface PlannedStep {
  readonly index: number;
  readonly kind: StepKind;
  readonly seed: number;
}

export function planOf(seed: number, steps: number): readonly PlannedStep[] {
  const chance = new Chance(seed);
  return Array.from({ length: steps }, (_, index) => ({
    index,
    kind: chance.weighted(WEIGHTS),
    seed: chance.bits(),
  }));
}
