/** `anamnesis verify NAME --dir DIR` */
import { exitCodeOf, type VerifyProgress } from "@anamnesis/capture";
import { verifyNamed } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import { showReport } from "../output/report.ts";
import type { Session } from "../output/session.ts";
import { CELL_MAX, table } from "../output/table.ts";
import { isoTime } from "../output/time.ts";
import { yieldToOthers } from "../priority.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir: string;
  readonly table?: string;
  readonly key?: string;
  readonly fromLog?: boolean;
  readonly unattributed?: boolean;
  readonly json?: boolean;
}

export function registerVerify(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("verify")
    .description(commands.verify.about)
    .argument("<source>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .option("--table <table>", options.table)
    .option("--key <key>", options.key)
    .option("--from-log", commands.verify.fromLog)
    .option("--unattributed", commands.verify.unattributed)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "verify ehr --dir data",
        "verify ehr --dir data --from-log --json",
        "verify ehr --dir data --table public.observations --key '17|2024-05-01'",
      ),
    )
    .action((source: string, o: Options) => runner.run(o, (session) => verify(source, o, session)));
}

async function verify(source: string, o: Options, session: Session): Promise<0 | 1> {
  if (o.key !== undefined && o.table === undefined) throw cliError("cli/usage", "--key needs --table");
  const { report, unattributed } = await withDatabase(o.dir, session.signal, (folder) => {
    yieldToOthers(session.env);
    return verifyNamed({
      folder,
      source,
      table: o.table,
      key: o.key,
      mode: o.fromLog === true ? "from-log" : "cache",
      listUnattributed: o.unattributed === true,
      env: session.env,
      signal: session.signal,
      onProgress: (p) => showProgress(p, session),
    });
  });
  session.result(unattributed === undefined ? report : { ...report, unattributedEvents: unattributed });
  showReport(report, session);
  if (unattributed !== undefined) {
    const rows = unattributed.map((e) => [String(e.index), isoTime(e.time), e.kind, e.table, e.key ?? ""]);
    for (const line of table(rows, CELL_MAX)) session.print(`  ${line}`);
  }
  return exitCodeOf(report);
}

function showProgress(p: VerifyProgress, { texts: { verify }, progress }: Session): void {
  switch (p.step) {
    case "waiting":
      return progress.show(`${p.table}: ${verify.waiting}`, 0, 0);
    case "log":
      return progress.show(verify.rebuilding, p.done, p.size);
    case "table":
      return progress.show(p.table, p.rows, Math.max(p.rows, p.estimate));
    case "missing":
      return progress.show(verify.missing, p.done, p.size);
  }
}
