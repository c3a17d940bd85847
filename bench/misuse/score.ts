/** Truth against findings. A finding is right if it names a planted access; a case is found if a finding names one of its accesses. */
import { Detector, type Finding, type MisuseReport, parseRules } from "@anamnesis/misuse";
import { PATTERNS, type Pattern } from "./plots.ts";
import { type Simulated, simulate } from "./simulate.ts";
import type { Habits } from "./world.ts";

export interface Tally {
  cases: number;
  found: number;
}

export interface Scored {
  readonly legal: number;
  readonly planted: number;
  readonly cases: number;
  readonly found: number;
  readonly findings: number;
  readonly right: number;
  /** Accesses named by findings, and how many of them were planted. */
  readonly named: number;
  readonly namedRight: number;
  readonly patterns: Readonly<Record<Pattern, Tally>>;
  /** By rule that a finding gives as a reason: findings and right ones. */
  readonly rules: Readonly<Record<string, Tally>>;
  readonly accessesPerSecond: number;
  readonly report: MisuseReport;
}

export function scored(seed: string, habits: Habits, cases: number, rules: unknown = { version: 1 }): Scored {
  const simulated = simulate(seed, habits, cases);
  const started = performance.now();
  const detector = new Detector(simulated.facts, parseRules(rules));
  simulated.accesses.forEach(({ plot: _plot, patient, ...access }, index) => {
    detector.add({ ...access, index, row: String(index), patient: String(patient) });
  });
  const report = detector.finish();
  const seconds = (performance.now() - started) / 1_000;
  return { ...judge(simulated, report), accessesPerSecond: simulated.accesses.length / seconds, report };
}

function judge(
  { accesses, plots, legal }: Simulated,
  report: MisuseReport,
): Omit<Scored, "accessesPerSecond" | "report"> {
  const plotOf = (index: number): number => accesses[index]?.plot ?? -1;
  const found = new Set<number>();
  const rules: Record<string, Tally> = {};
  let [right, named, namedRight] = [0, 0, 0];
  for (const finding of report.findings) {
    const plotted = finding.named.map((each) => plotOf(each.index)).filter((plot) => plot >= 0);
    named += finding.named.length;
    namedRight += plotted.length;
    for (const plot of plotted) found.add(plot);
    if (plotted.length > 0) right++;
    tallyRules(rules, finding, plotted.length > 0);
  }
  const patterns = Object.fromEntries(PATTERNS.map((p) => [p, { cases: 0, found: 0 }])) as Record<Pattern, Tally>;
  for (const { number, pattern } of plots) {
    patterns[pattern].cases++;
    if (found.has(number)) patterns[pattern].found++;
  }
  return {
    ...{ legal, planted: accesses.length - legal, cases: plots.length, found: found.size },
    ...{ findings: report.findings.length + report.more, right, named, namedRight, patterns, rules },
  };
}

function tallyRules(rules: Record<string, Tally>, finding: Finding, right: boolean): void {
  for (const { rule } of finding.reasons) {
    const tally = rules[rule] ?? { cases: 0, found: 0 };
    rules[rule] = tally;
    tally.cases++;
    if (right) tally.found++;
  }
}
