/** Waiting in tests: for a condition, never for a time. */
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 180_000;
const LOOK_MS = 50;

/**
 * Looks until what it sees holds, and gives that back.
 * @param context what else may explain why it never did, e.g. what a process has printed
 * @throws Error naming what was waited for and what was seen last
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  context: () => string = () => "",
): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end) throw new Error(`never ${what}; seen last: ${JSON.stringify(seen)}\n${context()}`);
    await sleep(LOOK_MS);
  }
}
