/** `anamnesis init DIR --org NAME` */
import { basename } from "node:path";
import { initFolder } from "@anamnesis/node";
import type { Command } from "commander";
import { portOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly org: string;
  readonly id?: string;
  readonly chain?: string;
  readonly port?: number;
  readonly json?: boolean;
}

export function registerInit(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("init")
    .description(commands.init.about)
    .argument("<dir>", options.dir)
    .requiredOption("--org <name>", commands.init.org)
    .option("--id <id>", commands.init.id)
    .option("--chain <name>", commands.init.chain)
    .option("--port <port>", options.port, portOption)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, 'init data --org "Hospital Nord"'))
    .action((dir: string, o: Options) => init(dir, o, runner));
}

async function init(dir: string, o: Options, runner: Runner): Promise<void> {
  await runner.run(o, async (session) => {
    const made = await initFolder({
      dir,
      organisation: o.org,
      ...(o.id === undefined ? {} : { id: o.id }),
      ...(o.chain === undefined ? {} : { chain: o.chain }),
      ...(o.port === undefined ? {} : { port: o.port }),
    });
    const { init: texts } = session.texts;
    session.result(made);
    session.print(texts.made(made.dir));
    const rows = made.paths.map((path) => ["", basename(path), texts.what[basename(path)] ?? ""]);
    for (const line of table(rows)) session.print(line);
    session.print(`${texts.next}: anamnesis source add ehr --url postgres://user:password@host/database --dir ${dir}`);
    return 0;
  });
}
