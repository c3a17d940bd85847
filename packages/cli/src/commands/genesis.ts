/** `anamnesis genesis propose | sign`: founding a ledger together. */
import { fromUtf8 } from "@anamnesis/core";
import { type ProposedGenesis, proposeGenesis, signGenesisFile } from "@anamnesis/node";
import type { Command } from "commander";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";

interface ProposeOptions {
  readonly dir: string;
  readonly out: string;
  readonly json?: boolean;
}

interface SignOptions {
  readonly dir: string;
  readonly json?: boolean;
}

export function registerGenesis(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const genesis = program.command("genesis").description(members.commands.genesis);
  genesis
    .command("propose")
    .description(members.commands.genesisPropose.about)
    .argument("<files...>", members.commands.genesisPropose.members)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--out <file>", members.commands.genesisPropose.out)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "genesis propose sued.json west.json --dir nord --out genesis.json"),
    )
    .action((files: string[], o: ProposeOptions) => runner.run(o, async (session) => propose(files, o, session)));
  genesis
    .command("sign")
    .description(members.commands.genesisSign.about)
    .argument("<file>", members.commands.genesisSign.file)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "genesis sign genesis.json --dir sued"))
    .action((file: string, o: SignOptions) => runner.run(o, async (session) => sign(file, o, session)));
}

function propose(files: readonly string[], o: ProposeOptions, session: Session): 0 {
  const proposed = proposeGenesis(o.dir, files.map(readText), o.out);
  session.print(session.texts.members.proposed(o.out));
  return next(proposed, session);
}

function sign(file: string, o: SignOptions, session: Session): 0 {
  const signed = signGenesisFile(o.dir, readText(file), file);
  session.print(session.texts.members.signed(file));
  return next(signed, session);
}

function next(proposed: ProposedGenesis, session: Session): 0 {
  const { members } = session.texts;
  session.result(proposed);
  session.print(proposed.missing.length > 0 ? members.missing(proposed.missing) : members.complete(proposed.file));
  return 0;
}

const readText = (path: string): string => fromUtf8(readNamedFile(path));
