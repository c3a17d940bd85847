/** `npm run sim -- incentive [--seeds N] [--json] [--write]`: both rules side by side; `--write` makes docs/incentive.{md,svg}. */
import { writeFileSync } from "node:fs";
import { readOptions } from "../../tools/lib/options.ts";
import { bars } from "./plot.ts";
import {
  FOULS,
  type Outcome,
  outcomeOf,
  pays,
  playAll,
  REPLAYS,
  type RuleName,
  SAME_STANDING,
  SAME_WORK,
} from "./scenarios.ts";

const WRITES = 3000;
const NAMES: readonly RuleName[] = ["published", "ours"];

interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

export interface Replayed {
  readonly scenario: string;
  readonly rule: RuleName;
  readonly writes: number;
  /** Seals per member, over the seeds. */
  readonly seals: Readonly<Record<string, Spread>>;
  readonly known: Readonly<Record<string, number>>;
}

export interface Tried {
  readonly foul: string;
  readonly rule: RuleName;
  readonly honest: Outcome;
  readonly played: Outcome;
  readonly pays: boolean;
}

const spread = (values: readonly number[]): Spread => {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
};

export function replayAll(seeds: number): readonly Replayed[] {
  return REPLAYS.flatMap(({ name, members, writes, known = {} }) =>
    NAMES.map((rule): Replayed => {
      const games = Array.from({ length: seeds }, (_, seed) => playAll(rule, members, writes, seed + 1));
      const seals = Object.fromEntries(
        members.map(({ id }) => [id, spread(games.map((tallies) => tallies.get(id)?.seals ?? 0))]),
      );
      return { scenario: name, rule, writes, seals, known: rule === "published" ? known : {} };
    }),
  );
}

export function tryAll(seeds: number): readonly Tried[] {
  return FOULS.flatMap(({ name, honest, foul }) =>
    NAMES.map((rule): Tried => {
      const over = (members: typeof honest): Outcome => {
        const all = Array.from({ length: seeds }, (_, seed) => outcomeOf(playAll(rule, members, WRITES, seed + 1)));
        const mean = (of: (each: Outcome) => number) => spread(all.map(of)).mean;
        return { seals: mean((o) => o.seals), work: mean((o) => o.work), standing: mean((o) => o.standing) };
      };
      const [asHonest, played] = [over(honest), over(foul)];
      return { foul: name, rule, honest: asHonest, played, pays: pays(asHonest, played) };
    }),
  );
}

export function runIncentive(args: readonly string[]): number {
  const { values } = readOptions(
    "npm run sim -- incentive [--seeds 20] [--json] [--write]",
    {
      args: [...args],
      options: {
        seeds: { type: "string", default: "20" },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
      },
    },
    ["seeds"],
  );
  const seeds = Math.max(1, Number(values.seeds));
  const replays = replayAll(seeds);
  const tried = tryAll(seeds);
  const lines = values.json ? json(replays, tried) : table(replays, tried, seeds);
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (values.write) write(replays, tried, seeds);
  return tried.some((each) => each.rule === "ours" && each.pays) ? 1 : 0;
}

const json = (replays: readonly Replayed[], tried: readonly Tried[]): readonly string[] =>
  [...replays, ...tried].map((each) => JSON.stringify(each));

const number = (value: number): string => Math.round(value).toLocaleString("en-US");
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`;
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export function table(replays: readonly Replayed[], tried: readonly Tried[], seeds: number): readonly string[] {
  return [
    `Seals per member, mean ± standard deviation over ${seeds} seeds; one write every 5 s.`,
    "",
    row(["scenario", "rule", "writes", "seals", "known before"]),
    row(["---", "---", "---", "---", "---"]),
    ...replays.map((r) => {
      const seals = Object.entries(r.seals).map(([id, s]) => `${id} ${number(s.mean)} ± ${number(s.deviation)}`);
      const known = Object.entries(r.known).map(([id, n]) => `${id} ${n}`);
      return row([r.scenario, r.rule, number(r.writes), seals.join(", "), known.join(", ")]);
    }),
    "",
    `Foul play against honest play of the same member, ${number(WRITES)} writes, means over ${seeds} seeds. Work: its share of all seals and cosignatures, one of these as a fifth of a seal.`,
    "",
    `It pays when it means less work for no less standing, or more standing for no more work. A difference counts from ${100 * SAME_WORK} % of the honest work, or ${SAME_STANDING} points, on: smaller ones come from who happens to be next, and from where the last round was cut off (a seal is 100 points and a cosignature 50, and a member ends with some 80,000 under the published rule, 230,000 under ours).`,
    "",
    row(["foul play", "rule", "seals", "work", "standing against the others", "pays"]),
    row(["---", "---", "---", "---", "---", "---"]),
    ...tried.map((t) => {
      const of = (what: keyof Outcome, text: (value: number) => string) =>
        `${text(t.honest[what])} → ${text(t.played[what])}`;
      const verdict = t.pays ? "**yes**" : "no";
      return row([t.foul, t.rule, of("seals", number), of("work", percent), of("standing", signed), verdict]);
    }),
  ];
}

/** The part of docs/incentive.md between its two marks, and the plot beside it. */
function write(replays: readonly Replayed[], tried: readonly Tried[], seeds: number): void {
  const head =
    "# Incentive: figures\n\nMade by `npm run sim -- incentive --write`; the rule and its reasons: spec/incentive.md.\n\n";
  const plot = "\n\n![Work and standing of foul play under both rules](incentive.svg)\n";
  writeFileSync("docs/incentive.md", `${head}${table(replays, tried, seeds).join("\n")}${plot}`);
  writeFileSync("docs/incentive.svg", bars(tried));
}
