/** Making a command about members final, from the command line, and saying what came of it. */
import { type Action, PROPOSE_KIND, proposeBody, VOTE_KIND, voteBody } from "@anamnesis/contracts";
import { submitOnce } from "@anamnesis/gateway";
import {
  announced,
  type CommandWays,
  type Folder,
  type MemberCommand,
  type Members,
  membersOf,
  openFolder,
  runMemberCommand,
  type ShownProposal,
} from "@anamnesis/node";
import type { Session } from "./output/session.ts";

export interface MemberOptions {
  readonly dir: string;
  readonly json?: boolean;
}

/** The node that runs takes it; without one the folder's own ledger, or the one that orders. */
export async function submitCommand(dir: string, command: MemberCommand, session: Session): Promise<void> {
  await runMemberCommand(openFolder(dir), command, waysOf(session));
  session.result({ final: true, kind: command.kind });
  session.print(session.texts.members.submitted);
}

export const waysOf = ({ signal }: Session): CommandWays => ({
  submitTo: (node) => (transaction, given) => submitOnce(node, transaction, given),
  signal,
});

export async function propose(dir: string, action: Action, session: Session): Promise<0> {
  const folder = openFolder(dir);
  const kind = PROPOSE_KIND;
  const before = new Set((await membersKnown(folder))?.proposals.map(({ number }) => number));
  await runMemberCommand(folder, { kind, body: proposeBody(action) }, waysOf(session));
  const after = await membersKnown(folder);
  const own = ({ proposer, number }: ShownProposal): boolean =>
    proposer === folder.config.organisation && !before.has(number);
  const proposal = after?.proposals.find(own)?.number ?? null;
  const { members } = session.texts;
  session.result({ final: true, kind, proposal });
  session.print(members.submitted);
  // Who is alone decides at once.
  if (after !== undefined && proposal === null) session.print(members.decided);
  else session.print(members.proposalNext(proposal === null ? "NUMBER" : String(proposal)));
  return 0;
}

/** @param yes false: against it */
export async function vote(dir: string, number: number, yes: boolean, session: Session): Promise<0> {
  const folder = openFolder(dir);
  const kind = VOTE_KIND;
  await runMemberCommand(folder, { kind, body: voteBody(number, yes) }, waysOf(session));
  const after = await membersKnown(folder);
  const open = after?.proposals.find((each) => each.number === number);
  const { members } = session.texts;
  session.result({ final: true, kind, decided: after === undefined ? null : open === undefined });
  session.print(members.submitted);
  if (open !== undefined) session.print(members.votes(open.counted, open.voters));
  else if (after !== undefined) session.print(members.decided);
  return 0;
}

/** Undefined where the folder's own ledger is behind what is submitted: that goes past it, to the node that orders. */
async function membersKnown(folder: Folder): Promise<Members | undefined> {
  const here = announced(folder) !== undefined || folder.config.orderer === undefined;
  return here ? membersOf(folder) : undefined;
}
