/**
 * What every benchmark gives and how it is printed. A file `bench/<name>.ts` exports `bench: Bench`; `npm run bench -- <name>`
 * runs it. A number stands beside its peer, measured in the same run, in turns, because only the ratio travels to another machine.
 */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

export interface Figure {
  readonly name: string;
  /** Median of `n` runs. */
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, and the same quantity there. */
  readonly peer?: string;
  readonly peerValue?: number;
  /** `value / peerValue`. */
  readonly ratio?: number;
  /** The aim for the ratio (or, without a peer, for the value): at least, or at most. */
  readonly aim?: { readonly least: number } | { readonly most: number };
  readonly n: number;
}

/** @param say progress for people, on standard error */
export type Bench = (say: (line: string) => void) => Promise<readonly Figure[]>;

export const RUNS = 3;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const above = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (middle === undefined || above === undefined) throw new Error("no runs");
  return (middle + above) / 2;
}

/**
 * Runs the contenders in turns, `runs` times each, so that whatever else the machine does falls on all of them.
 * Each gives the quantity to compare, e.g. events per second.
 */
export async function interleaved<K extends string>(
  contenders: Readonly<Record<K, () => Promise<number>>>,
  say: (line: string) => void,
  runs = RUNS,
): Promise<Record<K, readonly number[]>> {
  const names = Object.keys(contenders) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let run = 1; run <= runs; run++) {
    for (const name of names) {
      const value = await contenders[name]();
      results[name].push(value);
      say(`run ${run}/${runs}  ${name}: ${format(value)}`);
    }
  }
  return results;
}

/** Value against a peer, both as medians of their runs. */
export function compared(
  name: string,
  unit: string,
  values: readonly number[],
  peer: { readonly name: string; readonly values: readonly number[]; readonly aim?: Figure["aim"] },
): Figure {
  const value = median(values);
  const peerValue = median(peer.values);
  const aim = peer.aim === undefined ? {} : { aim: peer.aim };
  return { name, value, unit, peer: peer.name, peerValue, ratio: value / peerValue, n: values.length, ...aim };
}

export type Verdict = "met" | "missed" | "";

export function verdictOf({ aim, ratio, value }: Figure): Verdict {
  if (aim === undefined) return "";
  const measured = ratio ?? value;
  return ("least" in aim ? measured >= aim.least : measured <= aim.most) ? "met" : "missed";
}

/** A number never goes without these. */
export interface Circumstances {
  readonly commit: string;
  readonly machine: string;
}

export function circumstances(): Circumstances {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    commit: commitName(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}, ${memory} GiB, ${process.platform}-${process.arch}, Node ${process.versions.node}`,
  };
}

function commitName(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const dirty = git("status", "--porcelain").trim() === "" ? "" : "+changes";
    return git("rev-parse", "--short", "HEAD").trim() + dirty;
  } catch {
    return "unknown";
  }
}

/** One JSON document per line, keys as other tools expect them. */
export function jsonLine(figure: Figure, { commit, machine }: Circumstances): string {
  const { name, value, unit, peer = null, peerValue = null, ratio = null, n } = figure;
  return JSON.stringify({
    name,
    value,
    unit,
    peer,
    peer_value: peerValue,
    ratio,
    n,
    aim: figure.aim ?? null,
    verdict: verdictOf(figure),
    commit,
    machine,
  });
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((f) => [
    f.name,
    `${format(f.value)} ${f.unit}`,
    f.peer === undefined ? "" : `${f.peer}: ${format(f.peerValue ?? 0)}`,
    f.ratio === undefined ? "" : `× ${format(f.ratio)}`,
    aimText(f),
    `n=${f.n}`,
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function aimText(figure: Figure): string {
  const { aim } = figure;
  if (aim === undefined) return "";
  return `aim ${"least" in aim ? `≥ ${aim.least}` : `≤ ${aim.most}`}: ${verdictOf(figure)}`;
}

function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3);
}
