/** `anamnesis demo attacks`: each way past capture, carried out and looked at. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ATTACK_NAMES, type AttackName } from "@anamnesis/sandbox";
import { type Command, InvalidArgumentError } from "commander";
import { integerFrom, listOption, optionsOf } from "../arguments.ts";
import { playAll } from "../demo/attacks/all.ts";
import type { Played } from "../demo/attacks/play.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly dir?: string;
  readonly seed: string;
  readonly patients: number;
  readonly count: number;
  readonly only?: readonly AttackName[];
  readonly json?: boolean;
}

export function registerDemoAttacks(demo: Command, runner: Runner): void {
  const { commands, options, attacks } = runner.texts;
  demo
    .command("attacks")
    .description(attacks.about)
    .option("--dir <dir>", attacks.dir)
    .option("--seed <seed>", commands.demo.seed, "anamnesis")
    .option("--patients <n>", commands.start.patients, integerFrom(100, 100_000), 150)
    .option("--count <n>", attacks.count, integerFrom(10, 1_000), 40)
    .option("--only <names>", attacks.only, namesOption)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "demo attacks", "demo attacks --only pages,older-folder --json"))
    .action((_: unknown, command: Command) => {
      const o = optionsOf<Options>(command);
      return runner.run(o, (session) => demoAttacks(o, session));
    });
}

async function demoAttacks(o: Options, session: Session): Promise<0 | 1> {
  const { texts, style, signal, progress } = session;
  const { attacks } = texts;
  const dir = o.dir ?? mkdtempSync(join(tmpdir(), "anamnesis-attacks-"));
  session.print(style.bold(attacks.title));
  try {
    const { seed, patients, count, only } = o;
    const outcome = await playAll({
      ...{ dir, seed, patients, count, only, signal },
      onStep: (name, step) => progress.show(`${attacks.names[name]}: ${attacks.steps[step]}`, 0, 0),
      onPlayed: (played) => show(played, session),
    });
    const { demo } = texts;
    session.print(outcome.ok ? style.good(demo.good(outcome.seconds.toFixed(0))) : style.bad(attacks.cannot));
    session.result(outcome);
    return outcome.ok ? 0 : 1;
  } finally {
    if (o.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

function show(played: Played, { texts: { attacks, verify }, style, print }: Session): void {
  const mark = played.ok ? style.good("✓") : style.bad("✗");
  print(`${mark} ${style.bold(attacks.names[played.name])}  ${style.dim(`${played.seconds.toFixed(1)} s`)}`);
  const kinds = Object.entries(played.kinds).map(([kind, { found }]) => `${verify.kind[kind as "altered"]} ${found}`);
  print(`    ${attacks.found(played.planted, played.tables, played.found, kinds.join(", "))}`);
  print(`    ${attacks.falseAlarms(played.falseAlarms, played.legalWrites)}`);
  if (played.equalsOlder > 0) print(`    ${attacks.equals(played.equalsOlder)}`);
  if (played.undone > 0) print(`    ${attacks.undone(played.undone)}`);
  if (played.open > 0) print(`    ${attacks.open(played.open)}`);
  if (played.overwritten > 0) print(`    ${attacks.overwritten(played.overwritten)}`);
  print(`    ${played.stillFoundAfterRebaseline ? attacks.anew : style.bad(attacks.blessed)}`);
}

function namesOption(text: string, before: readonly AttackName[] | undefined): readonly AttackName[] {
  const names = listOption(text, before);
  const known = ATTACK_NAMES.filter((name) => names.includes(name));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(`the attacks are ${ATTACK_NAMES.join(", ")}`);
}
