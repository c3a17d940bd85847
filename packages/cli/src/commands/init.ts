/** `anamnesis init DIR --org NAME` */
import { basename } from "node:path";
import { fromUtf8 } from "@anamnesis/core";
import { adoptGenesis, type InitOptions, initFolder, layoutOf, type Made, prepareFolder } from "@anamnesis/node";
import type { Command } from "commander";
import { portOption } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly org?: string;
  readonly id?: string;
  readonly chain?: string;
  readonly port?: number;
  readonly join?: boolean;
  readonly genesis?: string;
  readonly json?: boolean;
}

export function registerInit(program: Command, runner: Runner): void {
  const { commands, members, options } = runner.texts;
  program
    .command("init")
    .description(commands.init.about)
    .argument("<dir>", options.dir)
    .option("--org <name>", commands.init.org)
    .option("--id <id>", commands.init.id)
    .option("--chain <name>", commands.init.chain)
    .option("--port <port>", options.port, portOption)
    .option("--join", members.commands.init.join)
    .option("--genesis <file>", members.commands.init.genesis)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, 'init data --org "Hospital Nord"'))
    .action((dir: string, o: Options) => init(dir, o, runner));
}

async function init(dir: string, o: Options, runner: Runner): Promise<void> {
  await runner.run(o, async (session) => {
    if (o.genesis !== undefined) return adopt(dir, o.genesis, session);
    const { org } = o;
    if (org === undefined)
      throw cliError("cli/usage", "say --org NAME, or --genesis FILE in a folder made with --join");
    const options = {
      ...{ dir, organisation: org },
      ...(o.id === undefined ? {} : { id: o.id }),
      ...(o.port === undefined ? {} : { port: o.port }),
    };
    if (o.join === true) {
      if (o.chain === undefined) throw cliError("cli/usage", "--join needs --chain: the name of the common ledger");
      return join({ ...options, chain: o.chain }, session);
    }
    return make({ ...options, ...(o.chain === undefined ? {} : { chain: o.chain }) }, session);
  });
}

async function make(options: InitOptions, session: Session): Promise<0> {
  const made = await initFolder(options);
  const { init: texts } = session.texts;
  session.result(made);
  session.print(texts.made(made.dir));
  printPaths(made, session);
  const { dir } = options;
  session.print(`${texts.next}: anamnesis source add ehr --url postgres://user:password@host/database --dir ${dir}`);
  return 0;
}

function join(options: InitOptions & { readonly chain: string }, session: Session): 0 {
  const made = prepareFolder(options);
  const { members } = session.texts;
  session.result(made);
  session.print(members.joined(made.dir));
  printPaths(made, session);
  session.print(members.joinNext(layoutOf(made.dir).organisation));
  return 0;
}

async function adopt(dir: string, file: string, session: Session): Promise<0> {
  const { orders } = await adoptGenesis(dir, fromUtf8(readNamedFile(file)));
  session.result({ dir, orders });
  session.print(session.texts.members.adopted(dir, orders));
  session.print(session.texts.members.adoptedNext(orders));
  return 0;
}

function printPaths(made: Made, session: Session): void {
  const { what } = session.texts.init;
  const rows = made.paths.map((path) => ["", basename(path), what[basename(path)] ?? ""]);
  for (const line of table(rows)) session.print(line);
}
