/**
 * One attack from beginning to end: the ward works, the attack happens, the ward works on, verification must name every
 * altered row and no other. Then everything that makes capture look at the rows anew, which must bless none of them.
 */
import { type Finding, type VerifyReport, withClient } from "@anamnesis/capture";
import { type Attack, census, type Deed, type Planted, stillPlanted, withAnotherColumn } from "@anamnesis/sandbox";
import { differences, type Match, match, type Tally } from "../match.ts";
import { Stage, type StageOptions } from "./stage.ts";

/** A finding as the report names it. */
export type Named = Pick<Finding, "table" | "key" | "kind">;

export interface Played {
  readonly name: Attack["name"];
  /** Every altered row named by table, key and kind, nothing else named, in both modes, and after each new look. */
  readonly ok: boolean;
  readonly planted: number;
  readonly found: number;
  readonly falseAlarms: number;
  readonly kinds: Readonly<Record<string, Tally>>;
  /** What verification named, row by row. */
  readonly named: readonly Named[];
  readonly tables: number;
  /** Found by the mode that believes nothing local. */
  readonly foundFromLog: number;
  /** Rows of which verification says that they hold what an older event committed to. */
  readonly equalsOlder: number;
  /** Planted rows that the ward wrote again legally before verification: what their newest event says, and not counted. */
  readonly overwritten: number;
  readonly stillFoundAfterRebaseline: boolean;
  /** Some of what was not found, or was found and not planted: empty when all holds. */
  readonly differs: readonly string[];
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
    const anew = await lookAnew(stage, deed);
    const { planted, found, falseAlarms, kinds } = first.cache;
    return {
      name: attack.name,
      ok:
        planted >= options.count && isExact(first.cache) && isExact(first.fromLog) && first.groups && anew.length === 0,
      ...{ planted, found, falseAlarms: Math.max(falseAlarms, first.fromLog.falseAlarms), kinds },
      named: first.named,
      tables: first.tables,
      foundFromLog: first.fromLog.found,
      equalsOlder: first.equalsOlder,
      overwritten: deed.planted.length - planted,
      stillFoundAfterRebaseline: anew.length === 0,
      differs: [...first.differs, ...anew],
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

/** How the planted rows are named in a report. */
type As = (planted: readonly Planted[], report: VerifyReport) => readonly Planted[];

/** While nobody writes, so that it is known which planted rows have been written again. */
async function look(stage: Stage, deed: Deed, as: As = (planted) => planted) {
  return stage.quietly(async () => {
    const expected = stillPlanted(deed.planted, deed.outcome, await census(stage.url));
    const overwritten = new Set(deed.planted.filter((p) => !expected.includes(p)).map(rowOf));
    const report = leavingOut(await stage.verify("cache"), overwritten);
    const checked = leavingOut(await stage.verify("from-log"), overwritten);
    const cache = match(as(expected, report), report);
    const fromLog = match(as(expected, checked), checked);
    const differs = [report, checked].flatMap((r) => differences(as(expected, r), r));
    const there = [...report.altered, ...report.unexplained];
    const named = [...there, ...report.missing].map(({ table, key, kind }): Named => ({ table, key, kind }));
    const equalsOlder = there.filter((f) => f.equalsEvent !== undefined).length;
    const groups = deed.putBack !== true || equalsOlder === there.length;
    const tables = new Set(expected.map((p) => p.table)).size;
    return { cache, fromLog, differs, named, groups, equalsOlder, tables };
  });
}

const UNNAMED = "#";
const rowOf = ({ table, key }: { readonly table: string; readonly key: string }): string =>
  JSON.stringify([table, key]);

/**
 * A planted row that the ward has written again since is what its newest event says. Where that write showed how the row
 * had been, it is still named, and rightly so; where it did not, it is not. Neither counts here. Handles stand for names
 * that are lost; they all count as one.
 */
function leavingOut(report: VerifyReport, overwritten: ReadonlySet<string>): VerifyReport {
  const shown = (list: readonly Finding[]): Finding[] =>
    list
      .map((f) => (f.key.startsWith(UNNAMED) ? { ...f, key: UNNAMED } : f))
      .filter((f) => f.contradicted === undefined || !(overwritten.has(rowOf(f)) || f.key === UNNAMED));
  const { altered, missing, unexplained, unvouched } = report;
  return {
    ...report,
    ...{ altered: shown(altered), missing: shown(missing) },
    ...{ unexplained: shown(unexplained), unvouched: shown(unvouched) },
  };
}

/**
 * Everything that makes capture look at rows anew: it is stopped and started; its slot is dropped and renewed; everything
 * local is gone but the keys; the tables get another column, so that each row is vouched for once more.
 */
async function lookAnew(stage: Stage, deed: Deed): Promise<readonly string[]> {
  await stage.withoutCapture(async () => undefined);
  await stage.withoutCapture(() =>
    withClient({ url: stage.url }, (client) => client.query("SELECT pg_drop_replication_slot($1)", [stage.slot])),
  );
  await stage.work(WORK_ROWS);
  const renewed = await look(stage, deed);
  await stage.withoutCapture(async () => stage.forgetNotes());
  await stage.quietly(async () => {
    await withClient({ url: stage.url }, async (client) => {
      for (const table of new Set(deed.planted.map((p) => p.table)))
        await client.query(`ALTER TABLE ${table} ADD COLUMN checked_by text`);
    });
    await stage.lookedAnew();
  });
  await stage.work(WORK_ROWS);
  const again = await look(stage, deed, (planted, report) =>
    nameless(withAnotherColumn(planted, deed.outcome), report),
  );
  return [...renewed.differs, ...again.differs];
}

/** Names of rows that are not there are among what was lost: the report has their handles, and only their number can be held against it. */
function nameless(planted: readonly Planted[], report: VerifyReport): Planted[] {
  const named = new Set([...report.altered, ...report.missing, ...report.unexplained].map(rowOf));
  return planted.map((p) => (named.has(rowOf(p)) ? p : { ...p, key: UNNAMED }));
}
