/**
 * `npm run bench -- misuse`: planted misuse among more than 100,000 legal accesses of a simulated hospital. The points of the
 * rules were chosen on the seeds `tune-*` alone; `held-out-*` are other hospitals of the same habits,
 * `held-out-careless-*` hospitals that are busier and keep worse records. Recall: cases of which a finding names an access.
 * Precision: findings that name a planted access.
 */
import { type Bench, type Figure, median } from "./harness.ts";
import { PATTERNS } from "./misuse/plots.ts";
import { type Scored, scored, type Tally } from "./misuse/score.ts";
import { CARELESS, type Habits, USUAL } from "./misuse/world.ts";

const CASES = 210;
const GROUPS: readonly { readonly name: string; readonly seeds: number; readonly habits: Habits }[] = [
  { name: "tune", seeds: 3, habits: USUAL },
  { name: "held-out", seeds: 5, habits: USUAL },
  { name: "held-out-careless", seeds: 3, habits: CARELESS },
];

export const bench: Bench = async (say) => {
  const figures: Figure[] = [];
  for (const { name, seeds, habits } of GROUPS) {
    const runs = Array.from({ length: seeds }, (_, i) => one(`${name}-${i + 1}`, habits, say));
    figures.push(...overall(name, runs));
    if (name === "held-out") figures.push(...byPattern(runs), ...byRule(runs));
  }
  return figures;
};

function one(seed: string, habits: Habits, say: (line: string) => void): Scored {
  const run = scored(seed, habits, CASES);
  const { legal, cases, found, findings, right } = run;
  say(`${seed}: ${legal} legal accesses, ${found} of ${cases} cases found, ${right} of ${findings} findings right`);
  return run;
}

const sum = (runs: readonly Scored[], of: (run: Scored) => number): number => runs.reduce((n, run) => n + of(run), 0);

function overall(group: string, runs: readonly Scored[]): Figure[] {
  const n = runs.length;
  const share = (name: string, part: (run: Scored) => number, whole: (run: Scored) => number): Figure => {
    return { name: `${group}: ${name}`, value: sum(runs, part) / sum(runs, whole), unit: "share", n };
  };
  return [
    { name: `${group}: legal accesses`, value: median(runs.map((r) => r.legal)), unit: "accesses", n },
    share(
      "recall",
      (r) => r.found,
      (r) => r.cases,
    ),
    share(
      "precision",
      (r) => r.right,
      (r) => r.findings,
    ),
    share(
      "named accesses that were planted",
      (r) => r.namedRight,
      (r) => r.named,
    ),
    { name: `${group}: speed`, value: median(runs.map((r) => r.accessesPerSecond)), unit: "accesses/s", n },
  ];
}

function byPattern(runs: readonly Scored[]): Figure[] {
  return PATTERNS.map((pattern) => {
    const { cases, found } = total(runs.map((run) => run.patterns[pattern]));
    return { name: `held-out: recall of "${pattern}"`, value: found / cases, unit: "share", n: cases };
  });
}

function byRule(runs: readonly Scored[]): Figure[] {
  const rules = [...new Set(runs.flatMap((run) => Object.keys(run.rules)))].toSorted();
  return rules.map((rule) => {
    const { cases, found } = total(runs.flatMap((run) => run.rules[rule] ?? []));
    return { name: `held-out: precision where ${rule} is a reason`, value: found / cases, unit: "share", n: cases };
  });
}

const total = (tallies: readonly Tally[]): Tally =>
  tallies.reduce((a, b) => ({ cases: a.cases + b.cases, found: a.found + b.found }), { cases: 0, found: 0 });
