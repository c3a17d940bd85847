/**
 * The `incentive` module: who sealed which stretch of the log, and who is next. A seal is a record of work done, not what makes
 * a checkpoint sealed: the cosignatures in it are checked here, so nothing counts that the ledger has not verified itself.
 */
import { utf8 } from "@anamnesis/core";
import {
  type Context,
  formatCheckpoint,
  logOrigin,
  type MemberSet,
  memberVerifier,
  type Refusal,
  type SignedTransaction,
  type StateReader,
  sealQuorum,
} from "@anamnesis/ledger";
import type { Module } from "../module.ts";
import { reading, refuse } from "../refusal.ts";
import { readMemberSet } from "../registry/rules.ts";
import { lineFor, newcomer, RULE, type Standing, type Stretch, sealed, turnAt, worked } from "./rule.ts";
import { type Cosignature, parseSealBody, SEAL_KIND, type Seal } from "./seal.ts";
import {
  decodeStanding,
  encodeSeal,
  encodeSealing,
  encodeStanding,
  readSealing,
  readStandings,
  SEALING,
  type Sealing,
  scorePath,
  sealPath,
} from "./state.ts";

export const incentive: Module = {
  name: "incentive",
  commands: { [SEAL_KIND]: { check: checkSeal, handle: handleSeal } },
  accepted: noteChange,
};

/** Every accepted command but a seal opens or widens the stretch that waits, and its events are work. */
function noteChange(context: Context, { transaction, attachments }: SignedTransaction): void {
  const organisation = context.signers[0];
  if (transaction.kind === SEAL_KIND || organisation === undefined) return;
  const sealing = readSealing(context);
  const widened = widen(sealing, organisation, context.time);
  if (widened !== sealing) context.put(SEALING, encodeSealing(widened));
  if (attachments.length > 0) creditEvents(context, organisation, attachments.length, sealing.seal);
}

function widen(sealing: Sealing, organisation: string, time: number): Sealing {
  if (sealing.opened === 0) return { ...sealing, opened: Math.max(time, 1), sole: organisation };
  return sealing.sole === null || sealing.sole === organisation ? sealing : { ...sealing, sole: null };
}

function creditEvents(context: Context, organisation: string, events: number, seal: number): void {
  const path = scorePath(organisation);
  const value = context.get(path);
  const before = value === undefined ? fresh(context, organisation, seal) : decodeStanding(organisation, value);
  const after = worked(before, events, context.time);
  if (value === undefined || after.score !== before.score || after.epoch !== before.epoch) {
    context.put(path, encodeStanding(after));
  }
}

function fresh(context: Context, organisation: string, seal: number) {
  const others = membersOf(context).filter((id) => id !== organisation && context.get(scorePath(id)) !== undefined);
  return newcomer(organisation, readStandings(context, others, seal), seal);
}

function checkSeal(tx: SignedTransaction): Refusal | null {
  const seal = sealOf(tx);
  if ("code" in seal) return seal;
  if (tx.attachments.length > 0) return refuse("incentive/malformed-seal", "a seal has no attachments");
  const names = seal.cosignatures.map((each) => each.id);
  if (new Set(names).size !== names.length) return refuse("incentive/malformed-seal", "a member stands in it twice");
  return seal.size > 0 ? null : refuse("incentive/malformed-seal", "an empty log is not sealed");
}

function handleSeal(context: Context, tx: SignedTransaction): Refusal | null {
  const seal = sealOf(tx);
  if ("code" in seal) return seal;
  const creator = context.signers[0];
  if (creator === undefined) return refuse("incentive/malformed-seal", "nobody signed the seal");
  const sealing = readSealing(context);
  const set = readMemberSet(context);
  const ids = set.members.map((each) => each.id);
  const before = readStandings(context, ids, sealing.seal);
  const refusal =
    checkStretch(context, sealing, seal) ??
    checkTurn(context, sealing, before, creator) ??
    checkCosignatures(context, set, seal, sealing.opened);
  if (refusal !== null) return refusal;
  const cosigners = seal.cosignatures.map((each) => each.id);
  for (const after of sealed(before, sealing, { creator, cosigners })) {
    context.put(scorePath(after.id), encodeStanding(after));
  }
  const { size, root } = seal;
  const { time } = context;
  context.put(sealPath(sealing.seal), encodeSeal({ size, root, creator, time, cosigners }));
  context.put(SEALING, encodeSealing({ seal: sealing.seal + 1, opened: 0, sole: null, size, time }));
  return null;
}

function checkStretch({ time }: Context, sealing: Sealing, { size }: Seal): Refusal | null {
  if (sealing.opened === 0) return refuse("incentive/nothing-to-seal", "nothing but seals stands behind the last seal");
  if (size <= sealing.size) return refuse("incentive/stale-seal", `a checkpoint of ${sealing.size} is sealed already`);
  if (time >= sealing.time + RULE.pauseMs || sealing.seal === 0) return null;
  return refuse("incentive/too-early", `the last seal is younger than ${RULE.pauseMs / 1000} s`);
}

function checkTurn(
  { time }: Context,
  sealing: Stretch,
  standings: readonly Standing[],
  creator: string,
): Refusal | null {
  const line = lineFor(standings, sealing);
  const place = line.findIndex((each) => each.id === creator);
  if (place < 0)
    return refuse("incentive/not-in-line", "a stretch of one's own events only is sealed by somebody else");
  if (time >= turnAt(sealing, place)) return null;
  const wait = Math.ceil((turnAt(sealing, place) - time) / 1000);
  return refuse("incentive/not-your-turn", `it is the turn of ${line[0]?.id}; in ${wait} s it is yours`);
}

/** All of them right, as many as make a quorum, and none older than the stretch: so what is sealed holds what waited. */
function checkCosignatures(context: Context, set: MemberSet, seal: Seal, opened: number): Refusal | null {
  const text = formatCheckpoint({ origin: logOrigin(context.chain), size: seal.size, root: seal.root });
  for (const cosignature of seal.cosignatures) {
    const member = set.members.find((each) => each.id === cosignature.id);
    if (member === undefined) return refuse("incentive/bad-cosignature", `${cosignature.id} is no active member`);
    if (cosignature.time < Math.floor(opened / 1000)) {
      return refuse("incentive/old-cosignature", `the cosignature of ${cosignature.id} is older than the stretch`);
    }
    const verifier = memberVerifier(context.primitives, context.chain, member);
    if (verifier.verify(context.primitives, utf8(text), signatureBytes(cosignature)) === undefined) {
      return refuse("incentive/bad-cosignature", `the cosignature of ${cosignature.id} does not fit the checkpoint`);
    }
  }
  const needed = sealQuorum(set.members.length);
  if (seal.cosignatures.length >= needed) return null;
  return refuse("incentive/no-quorum", `a seal needs ${needed} of ${set.members.length} members`);
}

/** As C2SP writes it: eight bytes of time, then the signature. */
function signatureBytes({ time, signature }: Cosignature): Uint8Array {
  const bytes = new Uint8Array(8 + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  bytes.set(signature, 8);
  return bytes;
}

const membersOf = (state: StateReader): readonly string[] => readMemberSet(state).members.map((each) => each.id);

const sealOf = ({ transaction }: SignedTransaction): Seal | Refusal =>
  reading("incentive/malformed-seal", () => parseSealBody(transaction.body));
