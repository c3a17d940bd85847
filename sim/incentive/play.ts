/** A consortium at work under one of the two rules: who writes, who seals, who is paid, when some members play foul. */
import { lineFor, newcomer, type Standing, type Stretch, sealed, turnAt, worked } from "@anamnesis/contracts";
import { sealQuorum } from "@anamnesis/ledger";
import { choose, type Provider, pay } from "./published.ts";

/** What a member does. All fields left out: it is honest. */
export interface Conduct {
  /** Value it declares for its records (only the published rule listens). */
  readonly declares?: number;
  /** Writes in place of each one that it has to write. */
  readonly writes?: number;
  readonly cosigns?: false;
  /** Lets its turns pass. */
  readonly seals?: false;
  /** Members whose cosignatures it leaves out as far as the quorum allows. */
  readonly leavesOut?: readonly string[];
}

export interface Member {
  readonly id: string;
  /** Share of the writes that come its way. */
  readonly load: number;
  /** Score at the beginning, where the published rule lets it be set. */
  readonly score?: number;
  readonly conduct?: Conduct;
  /** Comes later, at this write. */
  readonly joins?: number;
}

export interface Tally {
  seals: number;
  cosigned: number;
  /** Score at the end, and how much of it was earned. */
  score: number;
  earned: number;
  missed: number;
}

export interface Game {
  readonly members: readonly Member[];
  readonly writes: number;
  /** Seconds between two writes. */
  readonly gap: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type Tallies = ReadonlyMap<string, Tally>;
export type Play = (game: Game) => Tallies;

const tally = (): Tally => ({ seals: 0, cosigned: 0, score: 0, earned: 0, missed: 0 });

/** Whose write the next one is. */
function writer(members: readonly Member[], random: () => number): Member {
  let rest = random() * members.reduce((sum, each) => sum + each.load, 0);
  for (const each of members) {
    rest -= each.load;
    if (rest < 0) return each;
  }
  return members.at(-1) as Member;
}

const present = (members: readonly Member[], write: number) => members.filter((each) => (each.joins ?? 0) <= write);

export const published: Play = ({ members, writes, gap, random }) => {
  const tallies = new Map(members.map((each) => [each.id, tally()]));
  const start = (each: Member) => (each.score ?? 0) + (each.conduct?.declares ?? 0);
  const providers: Provider[] = [];
  for (let i = 0; i < writes; i++) {
    const now = i * gap;
    const here = present(members, i);
    for (const each of here) {
      if (!providers.some((p) => p.id === each.id)) providers.push({ id: each.id, score: start(each), touched: now });
    }
    const by = writer(here, random);
    for (let n = 0; n < (by.conduct?.writes ?? 1); n++) publishedWrite(providers, here, by.id, now, tallies);
  }
  for (const { id, score } of providers) {
    const t = tallies.get(id);
    const member = members.find((each) => each.id === id);
    if (t !== undefined && member !== undefined) Object.assign(t, { score, earned: score - (member.score ?? 0) });
  }
  return tallies;
};

/** Who refuses to endorse is passed over; the rule knows no consequence. */
function publishedWrite(
  providers: readonly Provider[],
  members: readonly Member[],
  by: string,
  now: number,
  tallies: ReadonlyMap<string, Tally>,
): void {
  let willing = providers;
  for (;;) {
    const chosen = choose(willing, by, now);
    const member = members.find((each) => each.id === chosen?.id);
    const t = tallies.get(chosen?.id ?? "");
    if (chosen !== undefined && member?.conduct?.seals === false) {
      if (t !== undefined) t.missed++;
      willing = willing.filter((each) => each !== chosen);
      continue;
    }
    if (t !== undefined) t.seals++;
    return pay(providers, by, chosen, now);
  }
}

export const ours: Play = ({ members, writes, gap, random }) => {
  const tallies = new Map(members.map((each) => [each.id, tally()]));
  let standings: readonly Standing[] = [];
  const begun = new Map<string, number>();
  let now = 0;
  let seal = 0;
  for (let i = 0; i < writes; i++) {
    now += gap * 1000;
    const here = present(members, i);
    for (const { id, score } of here) {
      if (begun.has(id)) continue;
      const fresh = newcomer(id, standings, seal);
      standings = [...standings, standings.length > 0 && i > 0 ? fresh : { ...fresh, score: score ?? 0 }];
      begun.set(id, standings.at(-1)?.score ?? 0);
    }
    const by = writer(here, random);
    const events = by.conduct?.writes ?? 1;
    // A member that idles leaves nothing to seal.
    if (events === 0) continue;
    standings = standings.map((each) => (each.id === by.id ? worked(each, events, now) : each));
    const stretch: Stretch = { seal, opened: now, sole: by.id };
    const made = makeSeal(standings, here, stretch);
    if (made === undefined) continue;
    now = Math.max(now, turnAt(stretch, made.place));
    note(tallies, standings, stretch, made);
    standings = sealed(standings, stretch, made);
    seal++;
  }
  for (const { id, score } of standings) {
    const t = tallies.get(id);
    if (t !== undefined) Object.assign(t, { score, earned: score - (begun.get(id) ?? 0) });
  }
  return tallies;
};

interface Made {
  readonly creator: string;
  readonly cosigners: readonly string[];
  readonly place: number;
}

/** The first of the line that takes its turn; without a quorum of cosignatures nobody can. */
function makeSeal(standings: readonly Standing[], members: readonly Member[], stretch: Stretch): Made | undefined {
  const line = lineFor(standings, stretch).map((each) => members.find((member) => member.id === each.id));
  const place = line.findIndex((each) => each !== undefined && each.conduct?.seals !== false);
  const creator = line[place];
  if (creator === undefined) return undefined;
  const left = new Set(creator.conduct?.leavesOut ?? []);
  const willing = members.filter((each) => each.id === creator.id || each.conduct?.cosigns !== false);
  const quorum = sealQuorum(members.length);
  // As many of those it would leave out as it needs.
  const wanted = willing.filter((each) => !left.has(each.id));
  const needed = willing.filter((each) => left.has(each.id)).slice(0, Math.max(0, quorum - wanted.length));
  const cosigners = [...wanted, ...needed].map((each) => each.id);
  return cosigners.length < quorum ? undefined : { creator: creator.id, cosigners, place };
}

function note(tallies: Tallies, standings: readonly Standing[], stretch: Stretch, made: Made): void {
  for (const id of made.cosigners) if (id !== made.creator) bump(tallies.get(id), "cosigned");
  for (const { id } of lineFor(standings, stretch).slice(0, made.place)) bump(tallies.get(id), "missed");
  bump(tallies.get(made.creator), "seals");
}

function bump(t: Tally | undefined, what: "seals" | "cosigned" | "missed"): void {
  if (t !== undefined) t[what]++;
}
