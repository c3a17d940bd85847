/** `anamnesis members`: who is a member and what is being voted on. */
import { type Members, membersOf, openFolder } from "@anamnesis/node";
import type { Command } from "commander";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

export function registerMembers(program: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  program
    .command("members")
    .description(members.commands.members.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .action((o: Options) => runner.run(o, (session) => show(o, session)));
}

async function show(o: Options, session: Session): Promise<0> {
  const found = await membersOf(openFolder(o.dir));
  session.result(found);
  const { members } = session.texts;
  session.print(members.title(found.chain, found.epoch, found.size));
  for (const line of table(organisationRows(found, session))) session.print(`  ${line}`);
  if (found.proposals.length === 0) session.print(members.noProposals);
  else session.print(members.proposals);
  for (const line of table(proposalRows(found, session))) session.print(`  ${line}`);
  return 0;
}

const organisationRows = ({ organisations, own }: Members, { texts: { members } }: Session) =>
  organisations.map(({ id, name, status, keys }) => [
    id,
    name,
    members.status[status],
    members.keyCount(keys.length),
    keys.map((key) => key.slice(0, 8)).join(" "),
    id === own ? members.own : "",
  ]);

const proposalRows = ({ proposals }: Members, { texts: { members } }: Session) =>
  proposals.map(({ number, proposer, action, about, expires, counted, voters }) => [
    String(number),
    about === null ? action : `${action} ${about}`,
    proposer,
    members.votes(counted, voters),
    `${members.until} ${new Date(expires).toISOString().slice(0, 16)}Z`,
  ]);
