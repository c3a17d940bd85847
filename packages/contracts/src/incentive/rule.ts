/**
 * Who seals next, and what counts: DESIGN §6 after Yang & Li 2018, without what could be declared. Pure and exact: integers
 * only, everything that matters stands in the state or in the blocks. spec/incentive.md says it in words and shows why.
 */

/** Points and times of the rule. A change of any of them changes states: it needs a migration. */
export const RULE = {
  /** Points for making a seal. */
  seal: 100,
  /** To a member for its cosignature that stands in an accepted seal of somebody else. */
  cosign: 50,
  /** To the creator for each cosignature of another member that it collected: leaving somebody out must not pay. */
  collected: 20,
  /** Per event of an accepted batch, … */
  event: 10,
  /** … and at most so many in one epoch: every member that works reaches it, so flooding buys nothing. */
  workPerEpoch: 100,
  /** Milliseconds of agreed time. */
  epochMs: 3_600_000,
  /** Each further member of the line may seal after so many milliseconds more. */
  turnMs: 60_000,
  /** Between two seals, milliseconds of agreed time. */
  pauseMs: 10_000,
  /** Who has not sealed for so many seals per member goes first. */
  roundsWaited: 3,
  /** How far below the median a score counts: nobody is flooded with turns. */
  debt: 500,
  /** Who misses its turn k times in a row stands at the end of the line for 2^k − 1 seals, at most so many. */
  standAside: 63,
} as const;

/** What is remembered of a member. */
export interface Standing {
  readonly id: string;
  readonly score: number;
  /** Number of the seal it made last, or of the one that was next when it became a member. */
  readonly since: number;
  /** Turns missed since its last seal. */
  readonly missed: number;
  /** At the end of the line before the seal of this number. */
  readonly aside: number;
  /** Epoch of its newest event, and the points that events brought it in there. */
  readonly epoch: number;
  readonly worked: number;
}

/** The stretch of the log that waits for a seal. */
export interface Stretch {
  /** Number of the seal it will get, from 0. */
  readonly seal: number;
  /** Agreed time of its first change, ms. */
  readonly opened: number;
  /** The only organisation with anything in it; null when there are several. */
  readonly sole: string | null;
}

const epochOf = (time: number): number => Math.floor(time / RULE.epochMs);

/** Lower median: always one of the values. 0 for none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

/** A member that comes starts at the median of the others, neither flooded with turns nor spared. */
export function newcomer(id: string, others: readonly Standing[], seal: number): Standing {
  const score = median(others.map((each) => each.score));
  return { id, score, since: seal, missed: 0, aside: 0, epoch: 0, worked: 0 };
}

/** A standing after `events` more events were accepted at agreed time `time`. */
export function worked(standing: Standing, events: number, time: number): Standing {
  const epoch = epochOf(time);
  const before = standing.epoch === epoch ? standing.worked : 0;
  const after = Math.min(RULE.workPerEpoch, before + RULE.event * events);
  return { ...standing, epoch, worked: after, score: standing.score + after - before };
}

/**
 * The line of creators for a stretch: the first may seal at once, the one at place i after i · `turnMs`. Who alone filled the
 * stretch does not stand in it, unless there is nobody else.
 */
export function lineFor(standings: readonly Standing[], { seal, sole }: Stretch): readonly Standing[] {
  const floor = median(standings.map((each) => each.score)) - RULE.debt;
  const others = standings.filter((each) => each.id !== sole);
  const rank = (each: Standing): number => {
    if (each.aside > seal) return 2;
    return seal - each.since >= RULE.roundsWaited * standings.length ? 0 : 1;
  };
  const score = (each: Standing): number => (rank(each) === 0 ? 0 : Math.max(each.score, floor));
  return (others.length === 0 ? [...standings] : others).sort(
    (a, b) => rank(a) - rank(b) || score(a) - score(b) || a.since - b.since || (a.id < b.id ? -1 : 1),
  );
}

/** From when on the member at `place` of the line may seal, ms of agreed time. */
export const turnAt = (stretch: Stretch, place: number): number => stretch.opened + place * RULE.turnMs;

export interface Sealed {
  readonly creator: string;
  /** Members whose cosignatures stand in the seal, the creator's among them or not. */
  readonly cosigners: readonly string[];
}

/** All standings after a seal by somebody of the line. Whoever stood before it has missed its turn. */
export function sealed(standings: readonly Standing[], stretch: Stretch, { creator, cosigners }: Sealed) {
  const line = lineFor(standings, stretch);
  const place = line.findIndex((each) => each.id === creator);
  const late = new Set(line.slice(0, Math.max(place, 0)).map((each) => each.id));
  const by = new Set(cosigners.filter((id) => id !== creator));
  return standings.map((each): Standing => {
    if (each.id === creator) {
      const score = each.score + RULE.seal + RULE.collected * by.size;
      return { ...each, score, since: stretch.seal, missed: 0, aside: 0 };
    }
    const score = each.score + (by.has(each.id) ? RULE.cosign : 0);
    return late.has(each.id) ? missedTurn({ ...each, score }, stretch.seal) : { ...each, score };
  });
}

function missedTurn(standing: Standing, seal: number): Standing {
  const missed = standing.missed + 1;
  const aside = Math.min(RULE.standAside, 2 ** Math.min(missed, 30) - 1);
  return { ...standing, missed, aside: seal + 1 + aside };
}
