/** `anamnesis keys rotate | retire | cosigner`: this organisation's own keys. */
import { fromHex } from "@anamnesis/core";
import { retireKey, rotateCosignerKey, rotateSigningKey } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import { type MemberOptions, waysOf } from "../member-command.ts";
import type { Runner } from "../runner.ts";

export function registerKeys(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const { commands } = members;
  const keys = program.command("keys").description(commands.keys);
  keys
    .command("rotate")
    .description(commands.keysRotate.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "keys rotate --dir data"))
    .action((o: MemberOptions) =>
      runner.run(o, async (session) => {
        const rotated = await rotateSigningKey(o.dir, waysOf(session));
        session.result(rotated);
        session.print(session.texts.members.rotated(rotated.before));
        return 0;
      }),
    );
  keys
    .command("retire")
    .description(commands.keysRetire.about)
    .argument("<id>", commands.keysRetire.id)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "keys retire b99a720fd74b5904bd84be234674a14d --dir data"))
    .action((id: string, o: MemberOptions) =>
      runner.run(o, async (session) => {
        if (!/^[0-9a-f]{32}$/.test(id)) throw cliError("cli/usage", "the id of a key is 32 hexadecimal digits");
        await retireKey(o.dir, fromHex(id), waysOf(session));
        session.result({ retired: id });
        session.print(session.texts.members.submitted);
        return 0;
      }),
    );
  keys
    .command("cosigner")
    .description(commands.cosigner.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "keys cosigner --dir data"))
    .action((o: MemberOptions) =>
      runner.run(o, async (session) => {
        await rotateCosignerKey(o.dir, waysOf(session));
        session.result({ rotated: true });
        session.print(session.texts.members.cosignerRotated);
        return 0;
      }),
    );
}
