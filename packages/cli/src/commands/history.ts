/** `anamnesis history NAME --table T --key K`: the life of one row. */
import type { HistoryEvent } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { historyOf } from "@anamnesis/node";
import type { Command } from "commander";
import { writeNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import { isoTime } from "../output/time.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir: string;
  readonly table: string;
  readonly key: string;
  readonly proof?: string;
  readonly json?: boolean;
}

export function registerHistory(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("history")
    .description(commands.history.about)
    .argument("<source>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--table <table>", options.table)
    .requiredOption("--key <key>", options.key)
    .option("--proof <file>", commands.history.proof)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "history ehr --dir data --table public.patients --key 17"))
    .action((source: string, o: Options) => runner.run(o, (session) => history(source, o, session)));
}

async function history(source: string, o: Options, session: Session): Promise<0> {
  const { env, texts } = session;
  const request = { source, table: o.table, key: o.key, env, prove: o.proof !== undefined };
  const { history: life, proof } = await withDatabase(o.dir, session.signal, (folder) =>
    historyOf({ ...request, folder }),
  );
  if (o.proof !== undefined && proof !== undefined) {
    writeNamedFile(o.proof, proof.file);
    writeNamedFile(`${o.proof}.checkpoint`, proof.checkpoint);
  }
  const { origin, size, root } = life.checkpoint;
  session.result({
    table: life.table,
    key: life.key,
    events: life.events.map(documentOf),
    checkpoint: { origin, size, root: toHex(root) },
    proof: proof === undefined ? null : { file: o.proof, checkpoint: `${o.proof}.checkpoint`, index: proof.index },
  });
  session.print(session.style.bold(texts.history.of(life.table, life.key)));
  const { columns } = texts.history;
  const head = [columns.index, columns.time, columns.kind, columns.actor, columns.purpose, columns.proof];
  for (const line of table([head, ...life.events.map((e) => row(e, session))])) session.print(`  ${line}`);
  if (proof !== undefined) session.print(texts.history.proofWritten(o.proof ?? ""));
  session.print(texts.history.onlyTheLedger(`npx anamnesis verify ${source} --dir ${o.dir}`));
  return 0;
}

const documentOf = ({ leaf: _leaf, inclusion, ...event }: HistoryEvent) => ({
  ...event,
  proof: { hashes: inclusion.map(toHex), checked: true },
});

const row = (e: HistoryEvent, { texts: { history, verify } }: Session): string[] => [
  String(e.index),
  isoTime(e.time),
  e.kind,
  e.actor ?? (e.kind === "baseline" ? "–" : verify.unknownActor),
  e.purpose ?? "–",
  history.proved,
];
