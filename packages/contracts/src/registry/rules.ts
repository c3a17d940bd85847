/** The state's single values: the member set and when it changed, the policy, the version of the state's form. */
import { asUint, decode, encode, invariant } from "@anamnesis/core";
import {
  type Context,
  decodeMemberSet,
  encodeMemberSet,
  MEMBER_SET,
  type MemberSet,
  type Policy,
  parsePolicy,
  policyTuple,
  type StateReader,
} from "@anamnesis/ledger";

export const POLICY = "policy";
const STATE_VERSION_KEY = "state-version";
/** Number of the block that changed the set last. */
const MEMBER_SET_BLOCK = "member-set-block";

/** Form of the state that this version writes (`migrations.ts`). */
export const STATE_VERSION = 2;

export function readMemberSet(state: StateReader): MemberSet {
  const value = state.get(MEMBER_SET);
  invariant(value !== undefined, "a founded ledger has a member set");
  return decodeMemberSet(value);
}

export function readPolicy(state: StateReader): Policy {
  const value = state.get(POLICY);
  invariant(value !== undefined, "a founded ledger has a policy");
  return parsePolicy(decode(value, "policy"));
}

/** 1 where the state says nothing: that form did not name itself. */
export function readStateVersion(state: StateReader): number {
  const value = state.get(STATE_VERSION_KEY);
  return value === undefined ? 1 : asUint(decode(value, "state version"), "state version");
}

export const writePolicy = (context: Context, policy: Policy): void => context.put(POLICY, encode(policyTuple(policy)));

export const writeStateVersion = (context: Context, version: number): void =>
  context.put(STATE_VERSION_KEY, encode(version));

/** At the foundation, with epoch 0. */
export function foundMemberSet(context: Context, set: Omit<MemberSet, "epoch">): void {
  context.put(MEMBER_SET, encodeMemberSet({ ...set, epoch: 0 }));
  context.put(MEMBER_SET_BLOCK, encode(context.sequence));
}

/** Raises the epoch, by one for all changes of one block together. */
export function changeMemberSet(context: Context, change: (set: MemberSet) => Omit<MemberSet, "epoch">): void {
  const set = readMemberSet(context);
  const block = context.get(MEMBER_SET_BLOCK);
  const changedAlready = block !== undefined && decode(block, "block") === context.sequence;
  const { logKey, members } = change(set);
  const rising = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  context.put(MEMBER_SET, encodeMemberSet({ epoch: set.epoch + (changedAlready ? 0 : 1), logKey, members: rising }));
  context.put(MEMBER_SET_BLOCK, encode(context.sequence));
}
