/** `anamnesis demo legal`: a hospital's own work on its database, which must raise no false alarm. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { integerFrom, optionsOf } from "../arguments.ts";
import { type Lived, live } from "../demo/legal/life.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly dir?: string;
  readonly seed: string;
  readonly patients: number;
  readonly writes: number;
  readonly json?: boolean;
}

/** Statements are shown up to this length. */
const SQL_SHOWN = 100;

export function registerDemoLegal(demo: Command, runner: Runner): void {
  const { commands, options, legal } = runner.texts;
  demo
    .command("legal")
    .description(legal.about)
    .option("--dir <dir>", legal.dir)
    .option("--seed <seed>", commands.demo.seed, "anamnesis")
    .option("--patients <n>", commands.start.patients, integerFrom(100, 100_000), 150)
    .option("--writes <n>", legal.writes, integerFrom(100, 10_000_000), 50_000)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "demo legal", "demo legal --writes 5000 --json"))
    .action((_: unknown, command: Command) => {
      const o = optionsOf<Options>(command);
      return runner.run(o, (session) => demoLegal(o, session));
    });
}

async function demoLegal(o: Options, session: Session): Promise<0 | 1> {
  const { texts, style, signal } = session;
  const { legal, demo } = texts;
  const dir = o.dir ?? mkdtempSync(join(tmpdir(), "anamnesis-legal-"));
  session.print(style.bold(legal.title));
  try {
    const { seed, patients, writes } = o;
    const outcome = await live({ dir, seed, patients, writes, signal, onLived: (lived) => show(lived, session) });
    session.print(legal.sum(outcome.kinds, outcome.legalWrites, outcome.falseAlarms));
    session.print(outcome.ok ? style.good(demo.good(outcome.seconds.toFixed(0))) : style.bad(texts.attacks.cannot));
    session.result(outcome);
    return outcome.ok ? 0 : 1;
  } finally {
    if (o.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

function show(lived: Lived, { texts: { legal }, style, print }: Session): void {
  const mark = lived.falseAlarms === 0 ? style.good("✓") : style.bad("✗");
  if (lived.move !== undefined) print(`${mark} ${legal.moves[lived.move]}`);
  for (const { sql } of lived.steps) print(`${mark} ${(sql[0] ?? "").replaceAll(/\s+/g, " ").slice(0, SQL_SHOWN)}`);
  print(`    ${style.dim(outcomeText(lived, legal))}`);
  if (lived.falseAlarms > 0) print(style.bad(`    ${legal.alarms(lived.falseAlarms, lived.examples.join(", "))}`));
}

function outcomeText({ steps: [step], declared, seconds }: Lived, legal: Session["texts"]["legal"]): string {
  const took = seconds.toFixed(1);
  if (step?.why === undefined) return legal.silent(took);
  const why = legal.why[step.why];
  if (declared === 0) return legal.compared(why, took);
  return step.sign === "reason" ? legal.reason(declared, why) : legal.declared(declared, why);
}
