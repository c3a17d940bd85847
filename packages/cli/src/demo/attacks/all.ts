/** All attacks, one after the other, each on a hospital and with a seed of its own. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS, type Attack, type AttackName } from "@anamnesis/sandbox";
import { type Played, play, type Step } from "./play.ts";

export interface AttacksOptions {
  readonly dir: string;
  readonly seed: string;
  readonly patients: number;
  /** Alterations by each attack, at least. */
  readonly count: number;
  readonly only: readonly AttackName[] | undefined;
  readonly signal: AbortSignal;
  readonly onStep: (name: AttackName, step: Step) => void;
  readonly onPlayed: (played: Played) => void;
}

export interface AttacksOutcome {
  readonly ok: boolean;
  readonly attacks: readonly Played[];
  readonly seed: string;
  readonly seconds: number;
}

/** Most of an attack is waiting for capture to pass a marker, so two share the machine well. */
const AT_ONCE = 2;

export async function playAll(options: AttacksOptions): Promise<AttacksOutcome> {
  const started = performance.now();
  const chosen = ATTACKS.filter(({ name }) => options.only?.includes(name) ?? true);
  const left = chosen.entries();
  const attacks: Played[] = [];
  const failures: unknown[] = [];
  const next = async (): Promise<void> => {
    for (const [i, attack] of left) {
      if (failures.length > 0) return;
      const played = await playOne(attack, options);
      attacks[i] = played;
      options.onPlayed(played);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => next().catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { ok: attacks.every((a) => a.ok), attacks, seed: options.seed, seconds };
}

async function playOne(attack: Attack, options: AttacksOptions): Promise<Played> {
  const { patients, count, signal } = options;
  const dir = join(options.dir, attack.name);
  const seed = `${options.seed}/${attack.name}`;
  const played = await play(attack, { dir, seed, patients, count, signal }, (step) =>
    options.onStep(attack.name, step),
  );
  rmSync(dir, { recursive: true, force: true });
  return played;
}
