/** `registry.propose` and `registry.vote`. Proposing is the proposer's yes, where it may vote at all. */
import { asTuple, asUint, badEncoding, type Cbor, encode } from "@anamnesis/core";
import type { Context, Refusal, SignedTransaction } from "@anamnesis/ledger";
import type { Command } from "../module.ts";
import { reading, refuse } from "../refusal.ts";
import { type Action, actionTuple, concerned, parseAction } from "./action.ts";
import { actor, organisationOf } from "./actor.ts";
import { writeOrganisation } from "./enrol.ts";
import { checkAction, prepare } from "./execute.ts";
import { OPEN_PROPOSALS_MAX } from "./organisation.ts";
import {
  encodeProposal,
  PROPOSAL_COUNT,
  type Proposal,
  proposalPath,
  readProposal,
  readProposalCount,
  withVote,
} from "./proposal.ts";
import { readMemberSet, readPolicy } from "./rules.ts";
import { tally } from "./tally.ts";

export const PROPOSE_KIND = "registry.propose";
export const VOTE_KIND = "registry.vote";

export const proposeBody = (action: Action): Cbor => [actionTuple(action)];
export const voteBody = (proposal: number, yes: boolean): Cbor => [proposal, yes];

export const propose: Command = {
  check: (tx) => refusalOf(readAction(tx)),
  handle(context, tx) {
    const action = readAction(tx);
    return "code" in action ? action : proposing(context, action);
  },
};

export const vote: Command = {
  check: (tx) => refusalOf(readVote(tx)),
  handle(context, tx) {
    const read = readVote(tx);
    return "code" in read ? read : voting(context, read.proposal, read.yes);
  },
};

function proposing(context: Context, action: Action): Refusal | null {
  const proposer = actor(context);
  const fault = checkAction(context, action);
  if (fault !== null) return fault;
  const possible = prepare(context, action);
  if ("code" in possible) return possible;
  const organisation = organisationOf(context, proposer);
  const open = organisation.proposals.filter((n) => isOpen(readProposal(context, n), context.time));
  if (open.length >= OPEN_PROPOSALS_MAX) {
    return refuse("registry/too-many-proposals", `an organisation has at most ${OPEN_PROPOSALS_MAX} open proposals`);
  }
  const n = readProposalCount(context);
  context.put(PROPOSAL_COUNT, encode(n + 1));
  writeOrganisation(context, proposer, { ...organisation, proposals: [...open, n] });
  const expires = context.time + readPolicy(context).proposalMs;
  const votes = concerned(action) === proposer ? [] : [{ organisation: proposer, yes: true }];
  settle(context, n, { proposer, action, opened: context.time, expires, status: "open", votes });
  return null;
}

function voting(context: Context, n: number, yes: boolean): Refusal | null {
  const voter = actor(context);
  const proposal = readProposal(context, n);
  if (proposal === undefined) return refuse("registry/unknown-proposal", "no proposal has this number");
  if (proposal.status !== "open") return refuse("registry/proposal-closed", "the proposal is decided");
  if (context.time >= proposal.expires) return refuse("registry/proposal-expired", "the proposal has expired");
  if (concerned(proposal.action) === voter) {
    return refuse("registry/concerned", "an organisation has no vote on what concerns itself");
  }
  if (proposal.votes.some((each) => each.organisation === voter && each.yes === yes)) {
    return refuse("registry/no-change", "the organisation has voted so already");
  }
  settle(context, n, { ...proposal, votes: withVote(proposal.votes, { organisation: voter, yes }) });
  return null;
}

/** Writes the proposal, executed if the votes carry it now. What has become impossible meanwhile is void. */
function settle(context: Context, n: number, proposal: Proposal): void {
  const { action, votes } = proposal;
  const { carried } = tally(action, votes, readMemberSet(context), readPolicy(context));
  const change = carried ? prepare(context, action) : undefined;
  const status = change === undefined ? "open" : "code" in change ? "void" : "carried";
  context.put(proposalPath(n), encodeProposal({ ...proposal, status }));
  if (change !== undefined && !("code" in change)) change();
}

export const isOpen = (proposal: Proposal | undefined, time: number): boolean =>
  proposal?.status === "open" && time < proposal.expires;

const refusalOf = (read: object | Refusal): Refusal | null => ("code" in read ? read : null);

const readAction = ({ transaction }: SignedTransaction): Action | Refusal =>
  reading("registry/malformed", () => parseAction(asTuple(transaction.body, 1, "proposal")[0]));

const readVote = ({ transaction }: SignedTransaction) =>
  reading("registry/malformed", () => {
    const [proposal, yes] = asTuple(transaction.body, 2, "vote");
    if (typeof yes !== "boolean") throw badEncoding("vote", "expected true or false");
    return { proposal: asUint(proposal, "proposal"), yes };
  });
