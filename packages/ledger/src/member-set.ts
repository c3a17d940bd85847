/**
 * Who seals: the active members, the key with which each cosigns, and the key that signs the log. The contracts keep it in
 * the state under one path; a verifier walks from the founding document's set to the newest one (spec/registry.md).
 */
import {
  asBytes,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type ChainId,
  decode,
  encode,
  type OrgId,
  orgId,
  utf8,
} from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { type Genesis, logOrigin } from "./genesis.ts";
import { parseNote } from "./note-format.ts";
import { type NoteVerifier, noteVerifier } from "./note-key.ts";

export interface MemberSet {
  /** 0 at the foundation; rises by one with each block that changes the set. */
  readonly epoch: number;
  /** Ed25519 key (32 bytes) that signs the checkpoints. */
  readonly logKey: Uint8Array;
  /** The active members, rising by id. */
  readonly members: readonly SealingMember[];
}

export interface SealingMember {
  readonly id: OrgId;
  /** Ed25519 key (32 bytes) of its cosignatures. */
  readonly cosigner: Uint8Array;
}

/** State key of the set. */
export const MEMBER_SET = "member-set";
export const MEMBERS_MAX = 1000;

/** More than two thirds of `members`: what makes a checkpoint sealed. */
export const sealQuorum = (members: number): number => Math.floor((2 * members) / 3) + 1;

/** Name under which a member cosigns. */
export const cosignerName = (chain: ChainId, id: OrgId): string => `${logOrigin(chain)}/${id}`;

export const memberVerifier = (p: PurePrimitives, chain: ChainId, { id, cosigner }: SealingMember): NoteVerifier =>
  noteVerifier(p, cosignerName(chain, id), "cosignature/v1", cosigner);

/** The set that the founding document begins with: epoch 0. */
export const foundingSet = ({ logKey, organisations }: Pick<Genesis, "logKey" | "organisations">): MemberSet => ({
  epoch: 0,
  logKey,
  members: organisations.map(({ id, cosigner }) => ({ id, cosigner })).sort((a, b) => (a.id < b.id ? -1 : 1)),
});

export const encodeMemberSet = ({ epoch, logKey, members }: MemberSet): Uint8Array =>
  encode([epoch, logKey, members.map(({ id, cosigner }) => [id, cosigner])]);

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier`, `ledger/malformed` */
export function decodeMemberSet(bytes: Bytes): MemberSet {
  const [epoch, logKey, list] = asTuple(decode(bytes, "member set"), 3, "member set");
  const members = asList(list, MEMBERS_MAX, "members").map((item) => {
    const [id, cosigner] = asTuple(item, 2, "member");
    return { id: orgId(asText(id, 32, "organisation id")), cosigner: asBytes(cosigner, 32, "cosigner key") };
  });
  if (members.some(({ id }, i) => i > 0 && id <= (members[i - 1]?.id ?? ""))) {
    throw ledgerError("ledger/malformed", "the members of a set must rise by id");
  }
  return { epoch: asUint(epoch, "epoch"), logKey: asBytes(logKey, 32, "log key"), members };
}

/** One member's cosignature on a checkpoint; `time` in seconds since 1970. */
export interface MemberCosignature {
  readonly id: OrgId;
  readonly time: number;
}

/**
 * The members of `set` whose cosignatures on the note are right, in the set's order; wrong and unknown ones count for nothing.
 * The text itself is the caller's to read.
 * @throws AnamnesisError `ledger/malformed` when it is not a note
 */
export function cosignedBy(
  p: PurePrimitives,
  chain: ChainId,
  set: MemberSet,
  note: string,
): readonly MemberCosignature[] {
  const { text, signatures } = parseNote(note);
  const message = utf8(text);
  return set.members.flatMap((member) => {
    const verifier = memberVerifier(p, chain, member);
    const times = signatures
      .filter((s) => s.name === verifier.name && s.keyId === verifier.keyId)
      .map((s) => verifier.verify(p, message, s.signature)?.time ?? -1);
    const time = Math.max(-1, ...times);
    return time < 0 ? [] : [{ id: member.id, time }];
  });
}

/** Whether more than two thirds of the set cosigned the note. */
export const isSealed = (p: PurePrimitives, chain: ChainId, set: MemberSet, note: string): boolean =>
  cosignedBy(p, chain, set, note).length >= sealQuorum(set.members.length);
