/** `anamnesis members`: who is a member and what is being voted on. */
import type { Policy } from "@anamnesis/ledger";
import { type Members, membersOf, openFolder, type ShownProposal } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
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
    .addHelpText("after", exampleText(runner.texts, "members --dir data"))
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

const proposalRows = ({ proposals, policy }: Members, { texts: { members } }: Session) =>
  proposals.map((proposal) => [
    String(proposal.number),
    content(proposal, policy),
    proposal.proposer,
    members.votes(proposal.counted, proposal.voters),
    `${members.until} ${new Date(proposal.expires).toISOString().slice(0, 16)}Z`,
  ]);

/** Everything that a vote decides on, in the words of `propose`: nobody votes on what he cannot see. */
function content({ action, about, keys, policy, version }: ShownProposal, now: Policy): string {
  if (policy !== null) return `${action} ${changes(now, policy)}`;
  if (version !== null) return `${action} ${version}`;
  return [action, about, ...keys.map((key) => key.slice(0, 8))].join(" ");
}

const DAY_MS = 86_400_000;
const policyRows = ({ members, rules, proposalMs, quota }: Policy): readonly (readonly [string, string])[] => [
  ["members", members.join("/")],
  ["rules", rules.join("/")],
  ["days", String(proposalMs / DAY_MS)],
  ["burst", String(quota.burst)],
  ["per-second", String(quota.perSecond)],
];

function changes(now: Policy, then: Policy): string {
  const before = new Map(policyRows(now));
  const changed = policyRows(then).filter(([name, value]) => before.get(name) !== value);
  return changed.map(([name, value]) => `${name} ${before.get(name)} → ${value}`).join(", ");
}
