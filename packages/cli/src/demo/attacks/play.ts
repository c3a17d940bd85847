/**
 * One attack from beginning to end: the ward works, the attack happens, the ward works on, verification must name every
 * altered row and no other. Then everything that makes capture look at the rows anew, which must bless none of them.
 */
import { isDeepStrictEqual } from "node:util";
import { withClient } from "@anamnesis/capture";
import { type Attack, census, type Deed, type Planted, stillPlanted } from "@anamnesis/sandbox";
import { type Match, match, type Tally } from "../match.ts";
import { Stage, type StageOptions } from "./stage.ts";

export interface Played {
  readonly name: Attack["name"];
  /** Every altered row named by table, key and kind, nothing else named, in both modes, and after each new look. */
  readonly ok: boolean;
  readonly planted: number;
  readonly found: number;
  readonly falseAlarms: number;
  readonly kinds: Readonly<Record<string, Tally>>;
  readonly tables: number;
  /** Found by the mode that believes nothing local. */
  readonly foundFromLog: number;
  /** Rows of which verification says that they hold what an older event committed to. */
  readonly equalsOlder: number;
  /** Planted rows that the ward wrote again legally before verification: what their newest event says, and not counted. */
  readonly overwritten: number;
  readonly stillFoundAfterRebaseline: boolean;
  /** Rows that were altered and put right again before anybody looked: rightly not named. */
  readonly undone: number;
  /** Rows written again openly: events by an unknown actor, and no alteration. */
  readonly open: number;
  readonly legalWrites: number;
  readonly seconds: number;
}

export type Step = "hospital" | "attack" | "verify" | "rebaseline";

const WORK_ROWS = 200;

export async function play(attack: Attack, options: StageOptions, onStep: (step: Step) => void): Promise<Played> {
  const started = performance.now();
  onStep("hospital");
  const stage = await Stage.set(options);
  try {
    await stage.work(WORK_ROWS);
    onStep("attack");
    const deed = await attack.carryOut(stage);
    await stage.settled();
    await stage.work(WORK_ROWS);
    onStep("verify");
    const first = await look(stage, deed);
    onStep("rebaseline");
    const stillFound = await lookAnew(stage, deed);
    const { planted, found, falseAlarms, kinds } = first.cache;
    return {
      name: attack.name,
      ok: planted >= options.count && isExact(first.cache) && isExact(first.fromLog) && first.groups && stillFound,
      ...{ planted, found, falseAlarms: Math.max(falseAlarms, first.fromLog.falseAlarms), kinds },
      tables: first.tables,
      foundFromLog: first.fromLog.found,
      equalsOlder: first.equalsOlder,
      overwritten: deed.planted.length - planted,
      stillFoundAfterRebaseline: stillFound,
      undone: deed.undone ?? 0,
      open: deed.open ?? 0,
      legalWrites: stage.worked,
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
  } finally {
    await stage.close();
  }
}

const isExact = (m: Match): boolean => m.found === m.planted && m.falseAlarms === 0;

/** While nobody writes, so that it is known which planted rows have been written again. */
async function look(stage: Stage, deed: Deed) {
  return stage.quietly(async () => {
    const expected: readonly Planted[] = stillPlanted(deed.planted, deed.outcome, await census(stage.url));
    const report = await stage.verify("cache");
    const cache = match(expected, report);
    const fromLog = match(expected, await stage.verify("from-log"));
    const there = [...report.altered, ...report.unexplained];
    const equalsOlder = there.filter((f) => f.equalsEvent !== undefined).length;
    const groups = deed.putBack !== true || equalsOlder === there.length;
    return {
      cache,
      fromLog,
      totals: report.totals,
      groups,
      equalsOlder,
      tables: new Set(expected.map((p) => p.table)).size,
    };
  });
}

/** Capture stopped and started; its slot dropped and renewed; at last everything local gone but the keys. */
async function lookAnew(stage: Stage, deed: Deed): Promise<boolean> {
  await stage.withoutCapture(async () => undefined);
  await stage.withoutCapture(() =>
    withClient({ url: stage.url }, (client) => client.query("SELECT pg_drop_replication_slot($1)", [stage.slot])),
  );
  await stage.work(WORK_ROWS);
  const { cache, fromLog, totals } = await look(stage, deed);
  if (!isExact(cache) || !isExact(fromLog)) return false;
  // The names of missing rows are among what is lost: what is left can only be counted.
  await stage.withoutCapture(async () => stage.forgetNotes());
  const after = await stage.quietly(() => stage.verify("cache"));
  return isDeepStrictEqual(after.totals, totals);
}
