/** `anamnesis person vouch | withdraw`: roles of persons, under a handle that only this organisation can make. */
import { VOUCH_KIND, vouchBody, WITHDRAW_KIND, withdrawBody } from "@anamnesis/contracts";
import { openFolder, personHandle } from "@anamnesis/node";
import type { Command } from "commander";
import { listOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import { type MemberOptions, submitCommand } from "../member-command.ts";
import type { Runner } from "../runner.ts";

export function registerPerson(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const { commands } = members;
  const person = program.command("person").description(commands.person);
  person
    .command("vouch")
    .description(commands.vouch.about)
    .argument("<name>", commands.vouch.name)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--role <role>", commands.vouch.role, listOption)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "person vouch n.weber --role nurse --dir data"))
    .action((name: string, o: MemberOptions & { readonly role: readonly string[] }) =>
      runner.run(o, async (session) => {
        const roles = [...new Set(o.role)].toSorted();
        const handle = personHandle(openFolder(o.dir), name);
        await submitCommand(o.dir, { kind: VOUCH_KIND, body: vouchBody(handle, roles) }, session);
        return 0;
      }),
    );
  person
    .command("withdraw")
    .description(commands.withdraw.about)
    .argument("<name>", commands.vouch.name)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "person withdraw n.weber --dir data"))
    .action((name: string, o: MemberOptions) =>
      runner.run(o, async (session) => {
        const handle = personHandle(openFolder(o.dir), name);
        await submitCommand(o.dir, { kind: WITHDRAW_KIND, body: withdrawBody(handle) }, session);
        return 0;
      }),
    );
}
