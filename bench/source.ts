/**
 * `npm run bench -- source [--rounds N] [--seconds S] [--share 0.5]`: what Anamnesis costs the hospital's own work. The same load at half
 * (or another share) of the database's maximum rate, in five states that build on each other, in turns; each round compares neighbours, so
 * that whatever else the machine does falls on both. Intervals: 95 %, Student's t over the rounds' paired differences.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, type Figure, median } from "./harness.ts";
import { Hospital, type Measured, STATES, type State } from "./source/hospital.ts";
import { interval, numberOption } from "./source/statistics.ts";

const SAYS: Readonly<Record<State, string>> = {
  nothing: "wal_level=replica",
  logical: "wal_level=logical",
  full: "identity FULL",
  capture: "capture",
  reads: "capture and reads",
};

const WARM = 2;

export const bench: Bench = async (say) => {
  const rounds = numberOption("rounds", 8);
  const seconds = numberOption("seconds", 6);
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const hospitals = new Map(STATES.map((state) => [state, new Hospital(join(dir, state), state)]));
  const results = new Map<State, Measured[]>(STATES.map((state) => [state, []]));
  const measure = async (state: State, rate: number): Promise<Measured> => {
    const hospital = hospitals.get(state);
    if (hospital === undefined) throw new Error(state);
    await hospital.start();
    try {
      return await hospital.load({ warm: WARM, seconds, rate });
    } finally {
      await hospital.stop();
    }
  };
  try {
    const most = await measure("nothing", 0);
    const share = numberOption("share", 0.5);
    const rate = (most.transactions / most.seconds) * share;
    say(`at most ${(rate / share).toFixed(0)} transactions/s with 8 connections; measured at ${share} of that`);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < STATES.length; i++) {
        // Every state comes first in turn: a machine that gets slower or faster favours none.
        const state = STATES[(i + round) % STATES.length] as State;
        const measured = await measure(state, rate);
        results.get(state)?.push(measured);
        say(`round ${round + 1}/${rounds}  ${SAYS[state].padEnd(18)} ${describe(measured)}`);
      }
    }
    for (const line of differences(results)) say(line);
    return [{ name: "rate", value: rate, unit: "transactions/s", n: 1 }, ...figures(results)];
  } finally {
    for (const hospital of hospitals.values()) await hospital.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

const describe = (m: Measured): string =>
  `p50 ${m.p50.toFixed(3)} ms  p99 ${m.p99.toFixed(3)} ms  cpu database ${m.database.toFixed(2)} + anamnesis ${m.anamnesis.toFixed(2)} ms per transaction`;

type Results = ReadonlyMap<State, readonly Measured[]>;
const QUANTITIES = ["p50", "p99", "database", "anamnesis"] as const;

function figures(results: Results): readonly Figure[] {
  return STATES.flatMap((state, i) =>
    QUANTITIES.map((what): Figure => {
      const values = (results.get(state) ?? []).map((m) => m[what]);
      const before = STATES[i - 1];
      const name = `${SAYS[state]}: ${what === "p50" || what === "p99" ? what : `cpu of ${what} per transaction`}`;
      const value = median(values);
      if (before === undefined || what === "anamnesis") return { name, value, unit: "ms", n: values.length };
      const peerValue = median((results.get(before) ?? []).map((m) => m[what]));
      const aim = state === "capture" && what === "p50" ? { aim: { most: 1.05 } } : {};
      const peer = { peer: SAYS[before], peerValue, ratio: value / peerValue };
      return { name, value, unit: "ms", ...peer, n: values.length, ...aim };
    }),
  );
}

/** Each state against the one before it, in per cent, with the interval. */
function differences(results: Results): readonly string[] {
  const lines: string[] = [];
  for (const [i, state] of STATES.entries()) {
    const before = results.get(STATES[i - 1] ?? state) ?? [];
    if (i === 0) continue;
    for (const what of ["p50", "p99", "database"] as const) {
      const paired = (results.get(state) ?? []).map(
        (m, n) => ((m[what] - (before[n]?.[what] ?? 0)) / (before[n]?.[what] ?? 1)) * 100,
      );
      const { mean, half } = interval(paired);
      lines.push(
        `${SAYS[state]} against ${SAYS[STATES[i - 1] ?? state]}: ${what} ${sign(mean)} % ± ${half.toFixed(1)} (95 %, n=${paired.length})`,
      );
    }
  }
  return lines;
}

const sign = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`;
