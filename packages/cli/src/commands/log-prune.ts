/** `anamnesis log prune`: shows what would be dropped, and drops it with --yes. */
import { compactFolder, openFolder, type PruneRequest, pruneFolder, prunePlan } from "@anamnesis/node";
import type { Command } from "commander";
import { integerFrom } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly dir: string;
  readonly before?: number;
  readonly keepDays?: number;
  readonly archive?: string;
  readonly yes?: boolean;
  readonly compact?: boolean;
  readonly json?: boolean;
}

const DAYS_MAX = 36_500;

export function registerPrune(log: Command, runner: Runner): void {
  const { copies, options } = runner.texts;
  log
    .command("prune")
    .description(copies.prune.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--before <index>", copies.prune.before, integerFrom(1, Number.MAX_SAFE_INTEGER))
    .option("--keep-days <days>", copies.prune.keepDays, integerFrom(0, DAYS_MAX))
    .option("--archive <folder>", copies.archive)
    .option("--compact", copies.prune.compact)
    .option("--yes", copies.yes)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "log export --dir data --out archive",
        "log prune --dir data --keep-days 365 --archive archive --yes",
      ),
    )
    .action((o: Options) => runner.run(o, (session) => prune(o, session)));
}

async function prune(o: Options, session: Session): Promise<0> {
  const { before, keepDays, archive } = o;
  if (before === undefined && keepDays === undefined) throw cliError("cli/usage", "give --before or --keep-days");
  const { prune: t } = session.texts.copies;
  const folder = openFolder(o.dir);
  const request: PruneRequest = {
    ...{ signal: session.signal, onProgress: (done, total) => session.progress.show(t.dropping, done, total) },
    ...(before !== undefined && { before }),
    ...(keepDays !== undefined && { keepDays }),
    ...(archive !== undefined && { archive }),
  };
  const plan = await prunePlan(folder, request);
  if (o.yes !== true) {
    session.result({ ...plan, dropped: false });
    session.print(t.plan(plan.from, plan.to, plan.bytes));
    session.print(t.needsYes);
    return 0;
  }
  const { from, to } = await pruneFolder(folder, request);
  if (o.compact === true) compactFolder(folder);
  session.result({ ...plan, from, to, dropped: from < to });
  session.print(t.done(from, to));
  if (from === to) return 0;
  session.print(session.style.dim(archive === undefined ? t.members : t.archive(archive)));
  if (o.compact !== true) session.print(session.style.dim(t.later));
  return 0;
}
