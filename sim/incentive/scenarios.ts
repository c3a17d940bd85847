/** What is played: the figures that are known of the published rule, and members that try to get away with less. */
import { Chance } from "../random.ts";
import { type Member, ours, type Play, published, type Tallies, type Tally } from "./play.ts";

export const RULES = { published, ours } as const satisfies Readonly<Record<string, Play>>;
export type RuleName = keyof typeof RULES;

const GAP_S = 5;

export interface Scenario {
  readonly name: string;
  readonly members: readonly Member[];
  readonly writes: number;
  /** Seals per member under the published rule as they were found before, for orientation (shared notes, section 1). */
  readonly known?: Readonly<Record<string, number>>;
}

const three = (loads: readonly number[]): readonly Member[] =>
  [120, 80, 50].map((score, i) => ({ id: `p${i + 1}`, load: loads[i] ?? 1, score }));

const veteran = (id: string): Member => ({ id, load: 1, score: 30_000 });

/** The published figures. */
export const REPLAYS: readonly Scenario[] = [
  { name: "equal load", members: three([1, 1, 1]), writes: 3000, known: { p1: 997, p2: 1006, p3: 997 } },
  { name: "80/15/5 % load", members: three([80, 15, 5]), writes: 3000, known: { p1: 654, p2: 1190, p3: 1156 } },
  {
    name: "a newcomer among three at 30,000",
    members: [veteran("p1"), veteran("p2"), veteran("p3"), { id: "new", load: 1, score: 0, joins: 1 }],
    writes: 400,
    known: { new: 287 },
  },
  {
    name: "one declares 100,000",
    members: [{ id: "p1", load: 1, conduct: { declares: 100_000 } }, ...["p2", "p3"].map((id) => ({ id, load: 1 }))],
    writes: 900,
    known: { p1: 0 },
  },
];

const HONEST = ["b", "c", "d"].map((id): Member => ({ id, load: 1 }));
const one = (conduct: Member["conduct"]): readonly Member[] => [
  { id: "a", load: 1, ...(conduct === undefined ? {} : { conduct }) },
  ...HONEST,
];
const seven = (conduct: Member["conduct"]): readonly Member[] =>
  ["a1", "a2", "b", "c", "d", "e", "f"].map((id) => ({
    ...{ id, load: 1 },
    ...(conduct !== undefined && id.startsWith("a") ? { conduct } : {}),
  }));
const REST = ["b", "c", "d", "e", "f"];

/** A way to play foul, beside the honest play that it is held against. Members whose name begins with `a` play it. */
export interface Foul {
  readonly name: string;
  readonly honest: readonly Member[];
  readonly foul: readonly Member[];
}

export const FOULS: readonly Foul[] = [
  { name: "inflating: declares 100,000", honest: one(undefined), foul: one({ declares: 100_000 }) },
  {
    name: "splitting into two organisations",
    honest: one(undefined),
    foul: [{ id: "a1", load: 0.5 }, { id: "a2", load: 0.5 }, ...HONEST],
  },
  { name: "spamming: ten writes in place of one", honest: one(undefined), foul: one({ writes: 10 }) },
  { name: "idling: writes nothing", honest: one(undefined), foul: one({ writes: 0 }) },
  { name: "refusing to cosign", honest: one(undefined), foul: one({ cosigns: false }) },
  { name: "missing its turns", honest: one(undefined), foul: one({ seals: false }) },
  { name: "leaving one rival's cosignatures out", honest: one(undefined), foul: one({ leavesOut: ["b"] }) },
  { name: "two of seven cosign for each other only", honest: seven(undefined), foul: seven({ leavesOut: REST }) },
];

export function playAll(rule: RuleName, members: readonly Member[], writes: number, seed: number): Tallies {
  const chance = new Chance(seed);
  const random = () => chance.below(2 ** 30) / 2 ** 30;
  return RULES[rule]({ members, writes, gap: GAP_S, random });
}

/** What cosigning costs its member, in seals: a signature and an answer, the log is replayed anyway. */
const COSIGN_WORK = 0.2;

export interface Outcome {
  /** Seals made by all members that play foul together. */
  readonly seals: number;
  /** Their share of all work done, cosignatures counted in: there is less to do for all where somebody writes nothing. */
  readonly work: number;
  /** Score above (below) the mean of the others at the end: of the best of those that play foul. */
  readonly standing: number;
}

const workOf = (t: Tally): number => t.seals + COSIGN_WORK * t.cosigned;

export function outcomeOf(tallies: Tallies): Outcome {
  const all = [...tallies];
  const foul = all.filter(([id]) => id.startsWith("a")).map(([, t]) => t);
  const rest = all.filter(([id]) => !id.startsWith("a")).map(([, t]) => t);
  const sum = (of: (t: (typeof foul)[number]) => number) => foul.reduce((total, each) => total + of(each), 0);
  const others = rest.reduce((total, each) => total + each.score, 0) / rest.length;
  return {
    seals: sum((t) => t.seals),
    work: sum(workOf) / all.reduce((total, [, t]) => total + workOf(t), 0),
    standing: Math.max(...foul.map((t) => t.score)) - others,
  };
}

/** What counts as more or less: a share of the honest work, and points beside scores of 80,000 and more. */
export const SAME_WORK = 0.02;
export const SAME_STANDING = 500;

/** Foul play pays when it means less work for no less standing, or more standing for no more work. */
export function pays(honest: Outcome, foul: Outcome): boolean {
  const less = foul.work < honest.work * (1 - SAME_WORK);
  const more = foul.work > honest.work * (1 + SAME_WORK);
  const gains = foul.standing > honest.standing + SAME_STANDING;
  const loses = foul.standing < honest.standing - SAME_STANDING;
  return (less && !loses) || (gains && !more);
}
