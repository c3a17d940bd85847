/** `anamnesis log verify | export`, and the commands about copies. */
import { join } from "node:path";
import { toHex } from "@anamnesis/core";
import { exportLog } from "@anamnesis/gateway";
import type { LogReport } from "@anamnesis/ledger";
import { checkWitnessed, openFolder, openLog, primitives, type WitnessedReport } from "@anamnesis/node";
import type { Command } from "commander";
import { integerFrom, listOption } from "../arguments.ts";
import { readIfThere, writeNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import { type LogName, logNamed } from "../named-log.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";
import { showWitnessed, type WitnessOptions, witnessDemand } from "../witness-demand.ts";
import { registerCopies } from "./log-copies.ts";
import { registerPrune } from "./log-prune.ts";

interface VerifyOptions extends LogName, WitnessOptions {
  readonly json?: boolean;
}

interface ExportOptions {
  readonly dir: string;
  readonly out: string;
  readonly json?: boolean;
}

export function registerLog(program: Command, runner: Runner): void {
  const { commands, options, witness } = runner.texts;
  const log = program.command("log").description(commands.log);
  log
    .command("verify")
    .description(commands.logVerify.about)
    .option("--dir <dir>", commands.logVerify.dir)
    .option("--url <url>", commands.logVerify.url)
    .option("--genesis <file>", commands.proofCheck.genesis)
    .option("--token <token>", commands.logVerify.token)
    .option("--archive <folder>", runner.texts.copies.archive)
    .option("--witness <vkey>", witness.demand, listOption)
    .option("--least <n>", witness.least, integerFrom(1, 64))
    .option("--fresh <seconds>", witness.fresh, integerFrom(1, 10 ** 9))
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "log verify --dir data",
        "log verify --url http://127.0.0.1:8420 --token … --witness …",
      ),
    )
    .action((o: VerifyOptions) => runner.run(o, (session) => verify(o, session)));
  log
    .command("export")
    .description(commands.logExport.about)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--out <folder>", commands.logExport.out)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "log export --dir data --out exported"))
    .action((o: ExportOptions) => runner.run(o, (session) => write(o, session)));
  registerCopies(log, runner);
  registerPrune(log, runner);
}

async function verify(o: VerifyOptions, session: Session): Promise<0 | 1> {
  const { report, witnessed } = await checkLog(o, session);
  const problems = [...report.problems, ...(witnessed?.problems ?? [])];
  const ok = problems.length === 0;
  session.result({
    ...report,
    ok,
    problems,
    root: toHex(report.root),
    ...(witnessed === undefined ? {} : { witnessed }),
  });
  const { log } = session.texts;
  if (ok) session.print(session.style.good(log.ok(report.size, toHex(report.root))));
  else session.print(session.style.bad(log.problems(problems.length)));
  for (const line of table(problems.map((p) => [p.where, p.code, p.message]))) session.print(`  ${line}`);
  session.print(session.style.dim(log.counts(report.blocks, report.commands, report.events)));
  if (report.pruned > 0) session.print(session.style.dim(session.texts.copies.verify.pruned(report.pruned)));
  if (witnessed !== undefined) showWitnessed(witnessed, session);
  if (report.trust === "first-use") session.print(session.style.dim(log.firstUse));
  return ok ? 0 : 1;
}

async function checkLog(
  o: VerifyOptions,
  session: Session,
): Promise<{ readonly report: LogReport; readonly witnessed?: WitnessedReport }> {
  const { signal, progress, texts } = session;
  const onProgress = (done: number, total: number) => progress.show(texts.log.checking, done, total);
  const demand = witnessDemand(o, Date.now());
  const from = logNamed(o);
  // Before the log itself: whatever was cosigned by now, the log must hold.
  const notes = demand === undefined ? [] : await from.notes();
  const report = await from.verify({ signal, onProgress });
  if (demand === undefined) return { report };
  const log = await from.verifier();
  return { report, witnessed: await checkWitnessed(report, { notes, log, demand, tile: from.tile }) };
}

async function write(o: ExportOptions, session: Session): Promise<0> {
  const folder = openFolder(o.dir);
  // Read first: it may be of an older tree than the exported one, never of a newer one.
  const witnessed = readIfThere(folder.layout.witnessed);
  const reader = await openLog(folder);
  const { texts, progress, signal } = session;
  try {
    const exported = await exportLog(reader, o.out, {
      primitives,
      signal,
      onProgress: (done, total) => progress.show(texts.log.exporting, done, total),
    });
    if (witnessed !== undefined) writeNamedFile(join(o.out, "witnessed"), witnessed);
    session.result({ ...exported, root: toHex(exported.root), out: o.out });
    session.print(texts.log.exported(exported.size, o.out));
    return 0;
  } finally {
    await reader.close();
  }
}
