/** Making a command about members final, from the command line. */
import { type Action, PROPOSE_KIND, proposeBody } from "@anamnesis/contracts";
import { submitOnce } from "@anamnesis/gateway";
import { type CommandWays, type MemberCommand, openFolder, runMemberCommand } from "@anamnesis/node";
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
  await submitCommand(dir, { kind: PROPOSE_KIND, body: proposeBody(action) }, session);
  session.print(session.texts.members.proposalNext);
  return 0;
}
