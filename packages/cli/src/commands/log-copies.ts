/** `anamnesis log snapshot | restore | import`: copies of a ledger, and ledgers from copies. */
import { toHex } from "@anamnesis/core";
import { fileFetcher, followedLog } from "@anamnesis/gateway";
import { importLog, openFolder, restoreFolder, snapshotFolder } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
import { askOthers } from "../others.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly dir: string;
  readonly yes?: boolean;
  readonly token?: string;
  readonly json?: boolean;
}

export function registerCopies(log: Command, runner: Runner): void {
  const { copies, options } = runner.texts;
  log
    .command("snapshot")
    .description(copies.snapshot.about)
    .argument("<folder>", copies.snapshot.out)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "log snapshot backup/monday --dir data"))
    .action((out: string, o: Options) => runner.run(o, (session) => snapshot(out, o, session)));
  log
    .command("restore")
    .description(copies.restore.about)
    .argument("<snapshot>", copies.restore.from)
    .requiredOption("--dir <dir>", options.dir)
    .option("--yes", copies.yes)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "log restore backup/monday --dir data"))
    .action((from: string, o: Options) => runner.run(o, (session) => restore(from, o, session)));
  log
    .command("import")
    .description(copies.import.about)
    .argument("<from>", copies.import.from)
    .requiredOption("--dir <dir>", options.dir)
    .option("--token <token>", copies.import.token)
    .option("--yes", copies.yes)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "log import exported --dir data",
        "log import http://member.example:8420 --token … --dir data",
      ),
    )
    .action((from: string, o: Options) => runner.run(o, (session) => importFrom(from, o, session)));
}

async function snapshot(out: string, o: Options, session: Session): Promise<0> {
  const { snapshot: t } = session.texts.copies;
  const onProgress = (done: number, total: number) => session.progress.show(t.copying, done, total);
  const manifest = await snapshotFolder(openFolder(o.dir), out, { signal: session.signal, onProgress });
  session.result({ ...manifest, out });
  session.print(t.done(manifest.size, out));
  session.print(session.style.dim(t.keys));
  return 0;
}

async function restore(from: string, o: Options, session: Session): Promise<0> {
  const { restore: t } = session.texts.copies;
  const folder = openFolder(o.dir);
  const restored = await restoreFolder(folder, from, {
    ...{ others: await askOthers(folder), yes: o.yes === true, signal: session.signal },
    onProgress: (step, done, total) => session.progress.show(t[step], done, total),
  });
  const { size, pruned, replayed, toReach } = restored;
  session.result({ size, pruned, replayed, toReach: toReach ?? null });
  session.print(t.done(size));
  session.print(session.style.dim(replayed ? t.executed : t.notExecuted(pruned)));
  if (toReach !== undefined) session.print(t.toReach(toReach));
  return 0;
}

async function importFrom(from: string, o: Options, session: Session): Promise<0> {
  const { import: t } = session.texts.copies;
  const folder = openFolder(o.dir);
  const remote = /^https?:\/\//.test(from);
  const options = { retries: 2, ...(o.token !== undefined && { entriesToken: o.token }) };
  const imported = await importLog(folder, remote ? followedLog(from, options) : fileFetcher(from), {
    ...{ others: await askOthers(folder), yes: o.yes === true, signal: session.signal },
    onProgress: (done, total) => session.progress.show(t.executing, done, total),
  });
  session.result({ ...imported, root: toHex(imported.root) });
  session.print(t.done(imported.before, imported.size));
  return 0;
}
