/** `anamnesis demo`: the whole story as a script that checks itself and ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { integerFrom } from "../arguments.ts";
import { type Act, type Outcome, tell } from "../demo/story.ts";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { secondsText } from "../output/time.ts";
import type { Runner } from "../runner.ts";
import { readSandbox } from "../sandbox/state.ts";
import { registerDemoAttacks } from "./demo-attacks.ts";
import { registerDemoLegal } from "./demo-legal.ts";

interface Options {
  readonly dir?: string;
  readonly seed: string;
  readonly patients: number;
  readonly json?: boolean;
}

const PLANTED = 220;
const WRITES = 10_000;

export function registerDemo(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  const command = program.command("demo");
  command
    .description(commands.demo.about)
    .option("--dir <dir>", commands.demo.dir)
    .option("--seed <seed>", commands.demo.seed, "anamnesis")
    .option("--patients <n>", commands.start.patients, integerFrom(100, 100_000), 300)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "demo", "demo --json --dir demo --seed 7", "demo attacks", "demo legal"),
    )
    .action((o: Options) => runner.run(o, (session) => demo(o, session)));
  registerDemoAttacks(command, runner);
  registerDemoLegal(command, runner);
}

async function demo(o: Options, session: Session): Promise<0 | 1> {
  const { texts, style, signal } = session;
  const dir = o.dir ?? mkdtempSync(join(tmpdir(), "anamnesis-demo-"));
  if (o.dir !== undefined && readSandbox(dir) !== undefined) {
    throw cliError("cli/sandbox-folder", "the folder holds an earlier run: name a new one");
  }
  session.print(style.bold(texts.demo.title));
  try {
    const { seed, patients } = o;
    const onAct = (act: Act): void => session.print(`  ${sentence(act, session)}`);
    const outcome = await tell({ dir, seed, patients, plant: PLANTED, writes: WRITES, signal, onAct });
    conclude(outcome, session);
    if (o.dir !== undefined) session.print(texts.demo.kept(dir));
    session.result(outcome);
    return outcome.ok ? 0 : 1;
  } finally {
    if (o.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

function conclude(outcome: Outcome, { texts: { demo }, style, print }: Session): void {
  for (const problem of outcome.problems) print(style.bad(demo.bad(problem)));
  if (outcome.ok) print(style.good(demo.good(outcome.seconds.toFixed(0))));
}

function sentence(act: Act, { texts: { demo } }: Session): string {
  switch (act.act) {
    case "hospital":
      return demo.hospital(act.patients, act.rows, secondsText(act.ms));
    case "snapshot":
      return demo.snapshot(act.events, secondsText(act.ms));
    case "planted":
      return demo.planted(act.planted.length, counted(act.planted.map((p) => p.what)));
    case "verified": {
      const { found, planted, falseAlarms } = act.match;
      const lines = [demo.ward(act.writes), demo.found(found, planted, act.report.seconds.toFixed(1))];
      return [...lines, demo.falseAlarms(falseAlarms)].join("\n  ");
    }
    case "administrator":
      return demo.unknown(act.unattributed);
    case "proof":
      return demo.proof;
    case "fooled":
      return act.cache === 0 && act.fromLog > 0 ? demo.cacheFooled : demo.cacheNotFooled;
    case "log":
      return demo.log(act.leaves);
  }
}

/** `12 cell, 8 swapped, …` */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => `${n} ${name}`).join(", ");
}
