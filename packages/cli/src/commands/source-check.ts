/** `anamnesis source check NAME`: what capture needs and would see; changes nothing unless told to. */
import { checkNamed } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { showCheck } from "../output/source-check.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

export function registerSourceCheck(source: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  source
    .command("check")
    .description(commands.sourceCheck.about)
    .argument("<name>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .option("--apply", commands.sourceCheck.apply)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "source check ehr --dir data"))
    .action((name: string, o: Options) => runner.run(o, (session) => check(name, o, session)));
}

/** 0 = ready, 1 = something required is missing. */
async function check(name: string, o: Options, session: Session): Promise<0 | 1> {
  const { env, signal } = session;
  const apply = o.apply === true;
  const checked = await withDatabase(o.dir, signal, (folder) => checkNamed({ folder, source: name, env, apply }));
  session.result(checked);
  showCheck(checked, session);
  return checked.check.ready ? 0 : 1;
}
