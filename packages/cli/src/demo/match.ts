/** Planted against found: each alteration one by one, by table, key and kind. What is left over is a false alarm. */
import type { Finding, VerifyReport } from "@anamnesis/capture";
import type { Planted } from "@anamnesis/sandbox";

export interface Tally {
  planted: number;
  found: number;
}

export interface Match {
  readonly planted: number;
  readonly found: number;
  readonly falseAlarms: number;
  /** By kind of finding: altered, missing, unexplained. */
  readonly kinds: Readonly<Record<string, Tally>>;
  /** By what the insider did: cell, deleted, swapped, … */
  readonly alterations: Readonly<Record<string, Tally>>;
}

/** At most so many on either side. */
const DIFFERENCES = 5;

/** What was planted and not found (`-`), and what was found and not planted (`+`): for whoever looks into a failure. */
export function differences(planted: readonly Planted[], report: VerifyReport): string[] {
  const counts = new Map<string, number>();
  for (const f of all(report)) counts.set(name(f), (counts.get(name(f)) ?? 0) + 1);
  for (const p of planted) counts.set(name(p), (counts.get(name(p)) ?? 0) - 1);
  const missed = [...counts].filter(([, n]) => n < 0).slice(0, DIFFERENCES);
  const alarms = [...counts].filter(([, n]) => n > 0).slice(0, DIFFERENCES);
  return [...missed.map(([n]) => `- ${n}`), ...alarms.map(([n]) => `+ ${n}`)];
}

const all = (r: VerifyReport): readonly Finding[] => [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched];

export function match(planted: readonly Planted[], report: VerifyReport): Match {
  const left = new Map<string, number>();
  let findings = 0;
  for (const f of all(report)) {
    left.set(name(f), (left.get(name(f)) ?? 0) + 1);
    findings++;
  }
  const kinds: Record<string, Tally> = {};
  const alterations: Record<string, Tally> = {};
  let found = 0;
  for (const p of planted) {
    const copies = left.get(name(p)) ?? 0;
    if (copies > 0) left.set(name(p), copies - 1);
    for (const tally of [tallyOf(kinds, p.kind), tallyOf(alterations, p.what)]) {
      tally.planted++;
      if (copies > 0) tally.found++;
    }
    if (copies > 0) found++;
  }
  return { planted: planted.length, found, falseAlarms: findings - found, kinds, alterations };
}

const name = (f: Pick<Finding, "table" | "key" | "kind">): string => JSON.stringify([f.table, f.key, f.kind]);

function tallyOf(tallies: Record<string, Tally>, kind: string): Tally {
  const tally = tallies[kind] ?? { planted: 0, found: 0 };
  tallies[kind] = tally;
  return tally;
}
