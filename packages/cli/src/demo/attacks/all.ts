/** All attacks, one after the other, each on a hospital and with a seed of its own. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS, type AttackName } from "@anamnesis/sandbox";
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

export async function playAll(options: AttacksOptions): Promise<AttacksOutcome> {
  const started = performance.now();
  const attacks: Played[] = [];
  const { patients, count, signal, only } = options;
  for (const attack of ATTACKS.filter(({ name }) => only?.includes(name) ?? true)) {
    const dir = join(options.dir, attack.name);
    const stage = { dir, seed: `${options.seed}/${attack.name}`, patients, count, signal };
    const played = await play(attack, stage, (step) => options.onStep(attack.name, step));
    rmSync(dir, { recursive: true, force: true });
    attacks.push(played);
    options.onPlayed(played);
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { ok: attacks.every((a) => a.ok), attacks, seed: options.seed, seconds };
}
