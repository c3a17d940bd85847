/** `anamnesis log verify | export` */
import { existsSync } from "node:fs";
import { fromUtf8, toHex } from "@anamnesis/core";
import { exportLog, fileFetcher, httpFetcher } from "@anamnesis/gateway";
import { genesisFromJson, type LogReport } from "@anamnesis/ledger";
import { openFolder, openLog, primitives, verifyFolderLog, verifyForeignLog } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";

interface VerifyOptions {
  readonly dir?: string;
  readonly url?: string;
  readonly genesis?: string;
  readonly token?: string;
  readonly json?: boolean;
}

interface ExportOptions {
  readonly dir: string;
  readonly out: string;
  readonly json?: boolean;
}

export function registerLog(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  const log = program.command("log").description(commands.log);
  log
    .command("verify")
    .description(commands.logVerify.about)
    .option("--dir <dir>", commands.logVerify.dir)
    .option("--url <url>", commands.logVerify.url)
    .option("--genesis <file>", commands.proofCheck.genesis)
    .option("--token <token>", commands.logVerify.token)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "log verify --dir data", "log verify --url http://127.0.0.1:8420 --token …"),
    )
    .action((o: VerifyOptions) => runner.run(o, (session) => verify(o, session)));
  log
    .command("export")
    .description(commands.logExport.about)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--out <folder>", commands.logExport.out)
    .option("--json", options.json)
    .action((o: ExportOptions) => runner.run(o, (session) => write(o, session)));
}

async function verify(o: VerifyOptions, session: Session): Promise<0 | 1> {
  const report = await checkLog(o, session);
  session.result({ ...report, root: toHex(report.root) });
  const { log } = session.texts;
  if (report.ok) session.print(session.style.good(log.ok(report.size, toHex(report.root))));
  else session.print(session.style.bad(log.problems(report.problems.length)));
  for (const line of table(report.problems.map((p) => [p.where, p.code, p.message]))) session.print(`  ${line}`);
  session.print(session.style.dim(log.counts(report.blocks, report.commands, report.events)));
  if (report.trust === "first-use") session.print(session.style.dim(log.firstUse));
  return report.ok ? 0 : 1;
}

function checkLog(o: VerifyOptions, session: Session): Promise<LogReport> {
  const { signal, progress, texts } = session;
  const options = {
    signal,
    onProgress: (done: number, total: number) => progress.show(texts.log.checking, done, total),
  };
  const genesis = o.genesis === undefined ? undefined : genesisFromJson(fromUtf8(readNamedFile(o.genesis)));
  if ((o.dir === undefined) === (o.url === undefined)) throw cliError("cli/usage", "give either --dir or --url");
  if (o.url !== undefined) {
    const fetched = httpFetcher(o.url, o.token === undefined ? {} : { entriesToken: o.token });
    return verifyForeignLog(fetched, genesis, options);
  }
  const dir = o.dir ?? "";
  // An exported folder is a log as well.
  if (existsSync(`${dir}/checkpoint`)) return verifyForeignLog(fileFetcher(dir), genesis, options);
  return verifyFolderLog(openFolder(dir), options);
}

async function write(o: ExportOptions, session: Session): Promise<0> {
  const reader = await openLog(openFolder(o.dir));
  const { texts, progress, signal } = session;
  try {
    const exported = await exportLog(reader, o.out, {
      primitives,
      signal,
      onProgress: (done, total) => progress.show(texts.log.exporting, done, total),
    });
    session.result({ ...exported, root: toHex(exported.root), out: o.out });
    session.print(texts.log.exported(exported.size, o.out));
    return 0;
  } finally {
    await reader.close();
  }
}
