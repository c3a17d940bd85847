/**
 * The rule of the reference code of Yang & Li, for comparison only: creating a record adds the value that its creator
 * declares, an edit adds 10 to its writer, being chosen adds 100. The lowest score is chosen, the writer's own organisation
 * left out; but who was not touched for 600 s goes first.
 */
export interface Provider {
  readonly id: string;
  score: number;
  /** Seconds. */
  touched: number;
}

const EDIT = 10;
const CHOSEN = 100;
const WAITED_S = 600;

/** Who is chosen for a write at `now` (seconds); undefined when there is nobody but the writer. */
export function choose(providers: readonly Provider[], writer: string, now: number): Provider | undefined {
  const others = providers.filter((each) => each.id !== writer);
  const waiting = others.filter((each) => now - each.touched >= WAITED_S);
  if (waiting.length > 0) return least(waiting, (each) => each.touched);
  return least(others, (each) => each.score);
}

/** One write: the one chosen and the writer are paid. */
export function pay(providers: readonly Provider[], writer: string, chosen: Provider | undefined, now: number): void {
  const by = providers.find((each) => each.id === writer);
  if (chosen !== undefined) touch(chosen, CHOSEN, now);
  if (by !== undefined) touch(by, EDIT, now);
}

function touch(provider: Provider, points: number, now: number): void {
  provider.score += points;
  provider.touched = now;
}

function least<T>(items: readonly T[], of: (item: T) => number): T | undefined {
  let best: T | undefined;
  for (const item of items) if (best === undefined || of(item) < of(best)) best = item;
  return best;
}
