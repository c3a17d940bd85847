/** Whether a proposal is carried: a function of the votes, the active members and the policy. */
import { type MemberSet, type Policy, passes } from "@anamnesis/ledger";
import { type Action, concerned, shareOf } from "./action.ts";
import type { Vote } from "./proposal.ts";

export interface Tally {
  readonly yes: number;
  readonly no: number;
  /** Active organisations that may vote: all but the one concerned. */
  readonly of: number;
  readonly carried: boolean;
}

/** No organisation decides alone, unless it is the only active one. */
const YES_MIN = 2;

/** Only members that are active now count, whoever voted before. */
export function tally(action: Action, votes: readonly Vote[], set: MemberSet, policy: Policy): Tally {
  const about = concerned(action);
  const voters = new Set(set.members.map(({ id }) => id).filter((id) => id !== about));
  const counted = votes.filter(({ organisation }) => voters.has(organisation));
  const yes = counted.filter((vote) => vote.yes).length;
  const enough = yes >= YES_MIN || set.members.length === 1;
  const carried = enough && passes(shareOf(action, policy), yes, voters.size);
  return { yes, no: counted.length - yes, of: voters.size, carried };
}
