/** `anamnesis source accept NAME` and `source move NAME`: what an operator declares, with a reason that stays on the ledger. */
import { userInfo } from "node:os";
import { purposeCode } from "@anamnesis/ledger";
import { acceptNamed, declareMove, openFolder, shownUrl } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface AcceptOptions {
  readonly dir: string;
  readonly table: string;
  readonly key?: string;
  readonly allFindings?: boolean;
  readonly reason: string;
  readonly note?: string;
  readonly json?: boolean;
}

interface MoveOptions {
  readonly dir: string;
  readonly url: string;
  readonly reason: string;
  readonly json?: boolean;
}

export function registerSourceAccept(source: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  source
    .command("accept")
    .description(commands.sourceAccept.about)
    .argument("<name>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--table <table>", options.table)
    .option("--key <key>", options.key)
    .option("--all-findings", commands.sourceAccept.allFindings)
    .requiredOption("--reason <code>", commands.sourceAccept.reason)
    .option("--note <text>", commands.sourceAccept.note)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "source accept ehr --dir data --table public.observations --key 17 --reason RESTORED",
        "source accept ehr --dir data --table public.old_visits --all-findings --reason TABLE-DROPPED",
      ),
    )
    .action((name: string, o: AcceptOptions) => runner.run(o, (session) => accept(name, o, session)));
  source
    .command("move")
    .description(commands.sourceMove.about)
    .argument("<name>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--url <url>", commands.sourceAdd.url)
    .requiredOption("--reason <code>", commands.sourceAccept.reason)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "source move ehr --dir data --url postgres://user:password@new/db --reason UPGRADE"),
    )
    .action((name: string, o: MoveOptions) => runner.run(o, (session) => move(name, o, session)));
}

async function accept(name: string, o: AcceptOptions, session: Session): Promise<0> {
  if ((o.key === undefined) === (o.allFindings !== true)) throw cliError("cli/usage", "say --key or --all-findings");
  const reason = reasonOf(o.reason);
  const { env, signal, texts } = session;
  const { accepted } = await withDatabase(o.dir, signal, (folder) =>
    acceptNamed({
      ...{ folder, source: name, env, signal, table: o.table, key: o.key ?? null, reason },
      actor: `operator ${userInfo().username}`,
      ...(o.note === undefined ? {} : { note: o.note }),
    }),
  );
  session.result({ accepted, table: o.table, reason });
  session.print(texts.source.accepted(accepted, o.table, reason));
  return 0;
}

async function move(name: string, o: MoveOptions, session: Session): Promise<0> {
  const reason = reasonOf(o.reason);
  declareMove(openFolder(o.dir), { name, url: o.url, reason }, session.env);
  session.result({ name, url: shownUrl(o.url), reason });
  session.print(session.texts.source.moved(name, shownUrl(o.url), reason));
  return 0;
}

/** It stands on the ledger in clear, for ever. */
export function reasonOf(text: string): string {
  const reason = purposeCode(text);
  if (reason !== null) return reason;
  throw cliError("cli/usage", "a reason is a code: up to 32 letters, digits and . _ : -, nothing about persons");
}
