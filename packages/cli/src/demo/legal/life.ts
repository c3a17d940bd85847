/**
 * A year of a hospital's own work on its database while the ward writes. After each piece of it, verification may say what
 * that piece declares and nothing else; once capture has looked anew, or somebody has said why, it may say nothing at all.
 */
import { type VerifyReport, withClient } from "@anamnesis/capture";
import { LEGAL_STEPS, type LegalStep } from "@anamnesis/sandbox";
import { Stage, type StageOptions } from "../attacks/stage.ts";
import { failOver, restore } from "./moves.ts";

export interface LegalOptions extends Omit<StageOptions, "count"> {
  /** Legal row writes of the ward, at least. */
  readonly writes: number;
  readonly only?: readonly LegalStep[];
  readonly onLived: (lived: Lived) => void;
}

/** What became of one piece of legal work, or of several that must leave no trace. */
export interface Lived {
  readonly steps: readonly LegalStep[];
  /** Instead of steps: the whole hospital on another server. */
  readonly move?: "failOver" | "restore";
  /** Findings that were declared for it, before capture looked anew or a reason was given. */
  readonly declared: number;
  /** Findings that nobody declared, then or afterwards. */
  readonly falseAlarms: number;
  /** Up to five of them, for whoever looks into it. */
  readonly examples: readonly string[];
  readonly seconds: number;
}

export interface LegalOutcome {
  readonly ok: boolean;
  readonly kinds: number;
  readonly legalWrites: number;
  readonly falseAlarms: number;
  readonly lived: readonly Lived[];
  readonly seed: string;
  readonly seconds: number;
}

/** Pieces of work without a trace are looked at together. */
const TOGETHER = 6;
/** A code of the hospital's own; on the ledger it stands as the purpose of what was accepted. */
const REASON = "CHANGE-2417";
const EXAMPLES = 5;

export async function live(options: LegalOptions): Promise<LegalOutcome> {
  const started = performance.now();
  const stage = await Stage.set({ ...options, count: 0 });
  try {
    const lived: Lived[] = [];
    const steps = options.only ?? LEGAL_STEPS;
    const life = new Life(stage, Math.ceil(options.writes / steps.length));
    for (const group of grouped(steps)) {
      const one = await life.through(group);
      lived.push(one);
      options.onLived(one);
    }
    for (const move of ["failOver", "restore"] as const) {
      const one = await life.moved(move, options, steps);
      lived.push(one);
      options.onLived(one);
    }
    const falseAlarms = lived.reduce((n, l) => n + l.falseAlarms, 0);
    return {
      ok: falseAlarms === 0 && stage.worked >= options.writes,
      ...{
        kinds: steps.length + lived.filter((l) => l.move !== undefined).length,
        legalWrites: stage.worked,
        falseAlarms,
        lived,
        seed: options.seed,
      },
      seconds: seconds(started),
    };
  } finally {
    await stage.close();
  }
}

class Life {
  readonly #stage: Stage;
  readonly #writes: number;

  constructor(stage: Stage, writes: number) {
    this.#stage = stage;
    this.#writes = writes;
  }

  async through(steps: readonly LegalStep[]): Promise<Lived> {
    const started = performance.now();
    for (const step of steps) {
      const ward = this.#stage.work(this.#writes);
      ward.catch(() => undefined); // awaited below; until then a failure must not end the process
      await this.#run(step);
      await ward;
    }
    const [first] = steps;
    const table = first?.sign === "nothing" ? undefined : first?.table;
    const report = await this.#stage.verify("cache");
    const [declared, others] = parted(report, table);
    const left = await this.#afterwards(first);
    const alarms = [...others, ...left];
    return {
      ...{ steps, declared: declared.length, falseAlarms: alarms.length },
      examples: alarms.slice(0, EXAMPLES),
      seconds: seconds(started),
    };
  }

  /** Nothing may be found afterwards, in neither mode: every row is what it was. */
  async moved(
    move: "failOver" | "restore",
    { dir, signal }: LegalOptions,
    steps: readonly LegalStep[],
  ): Promise<Lived> {
    const started = performance.now();
    if (move === "failOver") await failOver(this.#stage, dir, this.#writes, signal);
    else await restore(this.#stage, dir, steps, signal);
    await this.#stage.work(this.#writes);
    const reports = [await this.#stage.verify("cache"), await this.#stage.verify("from-log")];
    const alarms = reports.flatMap((report) => findings(report).map(named));
    return {
      ...{ steps: [], move, declared: 0, falseAlarms: alarms.length },
      examples: alarms.slice(0, EXAMPLES),
      seconds: seconds(started),
    };
  }

  /** The tables' owner at work: each statement by itself, as VACUUM and others demand. */
  async #run({ sql }: LegalStep): Promise<void> {
    await withClient({ url: this.#stage.url }, async (client) => {
      await client.query("SET search_path = public");
      for (const statement of sql) await client.query(statement);
    });
  }

  /** What is still found when capture has looked anew, and when a reason was given where one is needed. */
  async #afterwards(step: LegalStep | undefined): Promise<readonly string[]> {
    if (step?.table === undefined) return [];
    await this.#stage.lookedAnew();
    if (step.sign === "reason") await this.#stage.accept(step.table, REASON);
    return findings(await this.#stage.verify("cache")).map(named);
  }
}

type Found = VerifyReport["altered"][number];

const findings = (r: VerifyReport): readonly Found[] => [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched];
const named = (f: Found): string => `${f.kind} ${f.table} ${f.key}`;

/** Findings of the table that was worked on, and others. */
function parted(report: VerifyReport, table: string | undefined): [string[], string[]] {
  const all = findings(report);
  return [all.filter((f) => f.table === table).map(named), all.filter((f) => f.table !== table).map(named)];
}

function grouped(steps: readonly LegalStep[]): LegalStep[][] {
  const groups: LegalStep[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    const joins = step.sign === "nothing" && last?.[0]?.sign === "nothing" && last.length < TOGETHER;
    if (joins) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

const seconds = (from: number): number => Math.round((performance.now() - from) / 100) / 10;
