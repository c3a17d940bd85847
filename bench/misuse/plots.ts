/**
 * Planted misuse: people who look where they should not, each for a reason of their own. Perpetrators mostly look while on
 * duty, at times at a patient of their own ward, and some leave no sign but the look itself: those are meant to be hard.
 */
import type { RelationInput } from "@anamnesis/misuse";
import type { Rng } from "@anamnesis/sandbox";
import type { SimPatient, SimStaff } from "./people.ts";
import type { Duty, Rota } from "./rota.ts";
import { DAY, HOUR, MINUTE, START, type World } from "./world.ts";

export const PATTERNS = [
  "relative",
  "household",
  "neighbour",
  "colleague",
  "star",
  "former partner",
  "night prowl",
  "harvest in order",
  "bulk look-up",
  "long gone",
  "own record",
  "fixation",
  "false emergency",
  "same ward",
  "single look",
] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface Plot {
  readonly number: number;
  readonly pattern: Pattern;
  readonly actor: string;
}

interface Scene {
  readonly world: World;
  readonly rota: Rota;
  readonly rng: Rng;
  readonly plot: number;
}

type Victim = { readonly who: SimStaff; readonly patient: SimPatient };

/** Plants `count` cases, the patterns in turn. Returns those for which the hospital had a perpetrator and a victim. */
export function plant(world: World, rota: Rota, seed: Rng, count: number): Plot[] {
  const rng = seed.fork("plots");
  const plots: Plot[] = [];
  const used = new Set<string>();
  for (let attempt = 0; plots.length < count && attempt < count * 4; attempt++) {
    const pattern = PATTERNS[attempt % PATTERNS.length] ?? "relative";
    const actor = ACTS[pattern]({ world, rota, rng, plot: plots.length }, used);
    if (actor !== undefined) plots.push({ number: plots.length, pattern, actor });
  }
  return plots;
}

type Act = (scene: Scene, used: Set<string>) => string | undefined;

const ACTS: Readonly<Record<Pattern, Act>> = {
  relative: pairAct((v) => v.who.family === v.patient.family && !(sameStreet(v) && apart(v) === 0), [1, 3]),
  household: pairAct((v) => sameStreet(v) && apart(v) === 0, [1, 3]),
  neighbour: pairAct((v) => sameStreet(v) && apart(v) > 0 && apart(v) <= 4, [1, 4]),
  colleague: pairAct(({ who, patient }, world) => isStaff(world, patient) && who.patient !== patient.number, [1, 3]),
  star: pairAct(({ patient }) => patient.vip, [1, 3]),
  "former partner": pairAct(({ who, patient }) => who.contactOf.includes(patient.number), [2, 6]),
  "night prowl": nightProwl,
  "harvest in order": harvest,
  "bulk look-up": bulk,
  "long gone": pairAct(({ patient }, world) => isLongGone(world, patient), [1, 4]),
  "own record": pairAct(({ who, patient }) => who.patient === patient.number, [1, 3], true),
  fixation: pairAct(() => true, [4, 10]),
  "false emergency": pairAct(() => true, [1, 2], false, "ETREAT"),
  "same ward": sameWard,
  "single look": pairAct(() => true, [1, 1]),
};

const sameStreet = ({ who, patient }: Victim): boolean => who.street === patient.street && who.town === patient.town;
const apart = ({ who, patient }: Victim): number => Math.abs(who.house - patient.house);

const isStaff = (world: World, patient: SimPatient): boolean => world.staff.some((s) => s.patient === patient.number);

function isLongGone(world: World, { number, deceased }: SimPatient): boolean {
  if (deceased !== null) return deceased < START - 40 * DAY;
  const last = world.relationsOf(number).map((r) => r.to ?? r.from);
  return last.length > 0 && Math.max(...last) < START - 200 * DAY;
}

/** The ordinary plot: one person, one patient, a few visits on different days. */
function pairAct(
  fits: (victim: Victim, world: World) => boolean,
  visits: readonly [number, number],
  cared = false,
  purpose = "TREAT",
): Act {
  return (scene, used) => {
    const { world, rng } = scene;
    const victim = choose(scene, used, (v) => fits(v, world) && (cared || !hasOwnCare(world, v)));
    if (victim === undefined) return undefined;
    return visit(scene, victim, rng.between(...visits), purpose);
  };
}

function choose({ world, rng }: Scene, used: Set<string>, fits: (victim: Victim) => boolean): Victim | undefined {
  const staff = rng.shuffle(world.staff).slice(0, 60);
  const from = rng.int(world.patients.length);
  for (const who of staff) {
    for (let i = 0; i < world.patients.length; i++) {
      const patient = world.patients[(from + i * 7) % world.patients.length];
      if (patient === undefined || used.has(`${who.actor}/${patient.number}`) || !fits({ who, patient })) continue;
      used.add(`${who.actor}/${patient.number}`);
      return { who, patient };
    }
  }
  return undefined;
}

/** A patient of one's own is no victim here; nor, for the plain patterns, one of the own ward. */
function hasOwnCare(world: World, { who, patient }: Victim): boolean {
  return world
    .relationsOf(patient.number)
    .some((r) => (r.actor === who.actor || r.department === who.department) && (r.to ?? r.from) > START - 45 * DAY);
}

function visit(scene: Scene, { who, patient }: Victim, visits: number, purpose: string): string | undefined {
  const { world, rota, rng, plot } = scene;
  const first = rng.int(Math.max(1, world.habits.days - 21));
  let done = 0;
  for (let day = first; day < world.habits.days && done < visits; day++) {
    const duty = rota.on(day, {}).find((d) => d.who === who);
    if (duty === undefined || (done > 0 && rng.chance(0.4))) continue;
    const time = within(rng, duty);
    world.look(rng, who, patient.number, time, { reads: rng.between(1, 5), purpose, plot });
    done++;
  }
  return done === 0 ? undefined : who.actor;
}

const within = (rng: Rng, { from, to }: Duty): number => from + rng.int(Math.floor((to - from) / MINUTE)) * MINUTE;

/** Somebody with office hours comes back at night and reads about strangers. */
function nightProwl({ world, rota, rng, plot }: Scene): string | undefined {
  const who = rng.pick(world.staff.filter((s) => !["nurse"].includes(s.role) && s.department !== "emergency"));
  const duty = rota.someDuty(rng, who, world.habits.days);
  if (duty === undefined) return undefined;
  let at = Math.floor((duty.from - START) / DAY) * DAY + START + DAY + rng.between(60, 200) * MINUTE;
  for (let n = rng.between(2, 5); n > 0; n--) {
    at = world.look(rng, who, rng.pick(world.patients).number, at, { reads: rng.between(1, 4), plot }) + 2 * MINUTE;
  }
  return who.actor;
}

function harvest({ world, rota, rng, plot }: Scene): string | undefined {
  const who = rng.pick(world.staff);
  const duty = rota.someDuty(rng, who, world.habits.days);
  if (duty === undefined) return undefined;
  let number = rng.between(1, world.patients.length - 300);
  let at = within(rng, duty);
  for (let n = rng.between(25, 80); n > 0; n--) {
    world.look(rng, who, number, at, { reads: 1, plot });
    number += rng.between(1, 3);
    at += rng.between(8, 60) * 1_000_000;
  }
  return who.actor;
}

function bulk({ world, rota, rng, plot }: Scene): string | undefined {
  const who = rng.pick(world.staff);
  const duty = rota.someDuty(rng, who, world.habits.days);
  if (duty === undefined) return undefined;
  for (let n = rng.between(30, 110); n > 0; n--) {
    world.look(rng, who, rng.pick(world.patients).number, within(rng, duty), { reads: rng.between(1, 2), plot });
  }
  return who.actor;
}

/** A patient of the ward who is somebody else's: the records alone would call it care. */
function sameWard(scene: Scene, used: Set<string>): string | undefined {
  const { world, rng } = scene;
  const from = rng.int(world.relations.length);
  for (let i = 0; i < world.relations.length; i++) {
    const stay = world.relations[(from + i) % world.relations.length];
    const patient = world.patients[Number(stay?.patient) - 1];
    if (stay === undefined || patient === undefined || stay.from < START || (stay.to ?? 0) - stay.from < 4 * DAY)
      continue;
    const colleague = isStaff(world, patient);
    const fits = world.staff.filter(
      (s) =>
        s.department === stay.department &&
        s.actor !== stay.actor &&
        s.patient !== patient.number &&
        (patient.vip || colleague || patient.family === s.family) &&
        !used.has(`${s.actor}/${stay.patient}`),
    );
    if (fits.length === 0) continue;
    const who = rng.pick(fits);
    used.add(`${who.actor}/${stay.patient}`);
    return ownWard(scene, who, patient.number, stay);
  }
  return undefined;
}

function ownWard(
  { world, rota, rng, plot }: Scene,
  who: SimStaff,
  patient: number,
  stay: RelationInput,
): string | undefined {
  let done = 0;
  for (let at = stay.from + 5 * HOUR; at < (stay.to ?? at); at += rng.between(10, 30) * HOUR) {
    const duty = rota.on(Math.floor((at - START) / DAY), {}).find((d) => d.who === who);
    if (duty === undefined) continue;
    world.look(rng, who, patient, within(rng, duty), { reads: rng.between(2, 4), plot });
    done++;
  }
  return done === 0 ? undefined : who.actor;
}
