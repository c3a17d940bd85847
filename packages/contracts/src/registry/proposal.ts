/** A proposal in the state: `proposal/<n>`, numbered from 0, never deleted. */
import {
  asList,
  asText,
  asTuple,
  asUint,
  badEncoding,
  type Cbor,
  decode,
  encode,
  type OrgId,
  orgId,
} from "@anamnesis/core";
import { MEMBERS_MAX, type StateReader } from "@anamnesis/ledger";
import { type Action, actionTuple, parseAction } from "./action.ts";

/** `carried`: executed; `void`: it was carried when what it asks for was no longer possible. Expiry is a matter of time alone. */
export type ProposalStatus = "open" | "carried" | "void";

export interface Vote {
  readonly organisation: OrgId;
  readonly yes: boolean;
}

export interface Proposal {
  readonly proposer: OrgId;
  readonly action: Action;
  /** Agreed time, ms: from `opened` until before `expires` it may be voted on. */
  readonly opened: number;
  readonly expires: number;
  readonly status: ProposalStatus;
  /** The newest vote of each organisation, rising by id. */
  readonly votes: readonly Vote[];
}

/** By their number in the state. */
const STATUSES: readonly ProposalStatus[] = ["open", "carried", "void"];

export const proposalPath = (n: number): string => `proposal/${n}`;
export const PROPOSAL_COUNT = "proposal-count";

export function readProposal(state: StateReader, n: number): Proposal | undefined {
  const value = state.get(proposalPath(n));
  return value === undefined ? undefined : decodeProposal(value);
}

export function readProposalCount(state: StateReader): number {
  const value = state.get(PROPOSAL_COUNT);
  return value === undefined ? 0 : asUint(decode(value, "count"), "count");
}

export const encodeProposal = ({ proposer, action, opened, expires, status, votes }: Proposal): Uint8Array =>
  encode([
    proposer,
    actionTuple(action),
    opened,
    expires,
    STATUSES.indexOf(status),
    votes.map((vote): Cbor => [vote.organisation, vote.yes]),
  ]);

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier` */
export function decodeProposal(value: Uint8Array): Proposal {
  const [proposer, action, opened, expires, number, votes] = asTuple(decode(value, "proposal"), 6, "proposal");
  const status = STATUSES[asUint(number, "status")];
  if (status === undefined) throw badEncoding("status of a proposal", "expected 0 to 2");
  return {
    proposer: orgId(asText(proposer, 32, "organisation id")),
    action: parseAction(action),
    opened: asUint(opened, "time"),
    expires: asUint(expires, "time"),
    status,
    votes: asList(votes, MEMBERS_MAX, "votes").map(parseVote),
  };
}

function parseVote(value: Cbor): Vote {
  const [organisation, yes] = asTuple(value, 2, "vote");
  if (typeof yes !== "boolean") throw badEncoding("vote", "expected true or false");
  return { organisation: orgId(asText(organisation, 32, "organisation id")), yes };
}

/** The votes with one more or another one. */
export const withVote = (votes: readonly Vote[], vote: Vote): readonly Vote[] =>
  [...votes.filter(({ organisation }) => organisation !== vote.organisation), vote].toSorted((a, b) =>
    a.organisation < b.organisation ? -1 : 1,
  );
