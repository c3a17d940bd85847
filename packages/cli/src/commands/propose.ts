/** `anamnesis propose …`, `vote` and `leave`: what members decide together, and to go. */
import { type Action, applicationFromJson, LEAVE_KIND, leaveBody } from "@anamnesis/contracts";
import { fromUtf8, orgId } from "@anamnesis/core";
import type { Command } from "commander";
import { integerFrom } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import { type MemberOptions, propose, submitCommand, vote } from "../member-command.ts";
import type { Runner } from "../runner.ts";
import { registerPolicy } from "./propose-policy.ts";

const NUMBER_MAX = 1_000_000_000;
const numberFrom = integerFrom(0, NUMBER_MAX);

const EXAMPLES: Readonly<Record<string, string>> = {
  join: "organisation.json",
  suspend: "sued",
  reinstate: "sued",
  remove: "sued",
  recover: "fresh/organisation.json",
  upgrade: "3",
};

export function registerPropose(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const { commands } = members;
  const proposal = program.command("propose").description(commands.propose);
  const one = (name: string, about: string, argument: string, what: string, action: (text: string) => Action) =>
    proposal
      .command(name)
      .description(about)
      .argument(argument, what)
      .requiredOption("--dir <dir>", options.dir)
      .option("--json", options.json)
      .addHelpText("after", exampleText(runner.texts, `propose ${name} ${EXAMPLES[name] ?? argument} --dir data`))
      .action((text: string, o: MemberOptions) =>
        runner.run(o, async (session) => propose(o.dir, action(text), session)),
      );
  one("join", commands.join.about, "<file>", commands.join.file, joining);
  for (const type of ["suspend", "reinstate", "remove"] as const) {
    one(type, commands[type].about, "<organisation>", commands.org, (id) => ({ type, id: orgId(id) }));
  }
  one("recover", commands.recover.about, "<file>", commands.recover.file, recovering);
  one("upgrade", commands.upgrade.about, "<version>", "", (text) => ({ type: "upgrade", version: numberFrom(text) }));
  registerPolicy(proposal, runner);
  registerVote(program, runner);
}

function registerVote(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const { commands } = members;
  program
    .command("vote")
    .description(commands.vote.about)
    .argument("<number>", commands.vote.number, numberFrom)
    .requiredOption("--dir <dir>", options.dir)
    .option("--against", commands.vote.no)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "vote 3 --dir data", "vote 3 --against --dir data"))
    .action((number: number, o: MemberOptions & { readonly against?: boolean }) =>
      runner.run(o, (session) => vote(o.dir, number, o.against !== true, session)),
    );
  program
    .command("leave")
    .description(commands.leave.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--yes", commands.leave.sure)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "leave --yes --dir data"))
    .action((o: MemberOptions & { readonly yes?: boolean }) =>
      runner.run(o, async (session) => {
        if (o.yes !== true) throw cliError("cli/usage", session.texts.members.sure);
        await submitCommand(o.dir, { kind: LEAVE_KIND, body: leaveBody }, session);
        return 0;
      }),
    );
}

const readText = (path: string): string => fromUtf8(readNamedFile(path));

const joining = (path: string): Action => ({ type: "join", ...applicationFromJson(readText(path)) });

function recovering(path: string): Action {
  const { organisation, proofs } = applicationFromJson(readText(path));
  return { type: "recover", id: organisation.id, keys: organisation, proofs };
}
