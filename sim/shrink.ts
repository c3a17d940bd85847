/** The shortest plan found that still fails: chunks are left out as long as it does (Zeller's delta debugging, ddmin). */
import type { PlannedStep } from "./plan.ts";
import { play } from "./play.ts";

/** Runs of the world that a search may cost. */
const TRIES_MAX = 120;

export async function shortest(seed: number, plan: readonly PlannedStep[]): Promise<readonly PlannedStep[]> {
  let best = plan;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < TRIES_MAX; ) {
    let found = false;
    for (let at = 0; at < best.length && tries < TRIES_MAX; at += size) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      tries++;
      const { failure } = await play(seed, shorter);
      if (failure === undefined) continue;
      best = failure.step === undefined ? [] : shorter.slice(0, shorter.indexOf(failure.step) + 1);
      found = true;
      break;
    }
    if (!found) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return best;
}
