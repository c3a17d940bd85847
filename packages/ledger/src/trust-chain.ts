/**
 * From the founding set to the newest one (ADR 0012, spec/log.md "Trust chain"). Each step rests on the one before it alone:
 *
 *     trusted set  ──cosigns──▶  checkpoint  ◀──is in the state behind──  next set
 *
 * A link is a checkpoint that more than two thirds of the set trusted so far have cosigned, and the proof of the set in
 * the state behind it; from then on that set is trusted. A minority cannot make one, whatever it writes into a log of its
 * own, and a link from the past leads backwards and is refused.
 */
import { asList, asText, asTuple, type Bytes, type Cbor, type ChainId, decode, encode, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { ledgerError } from "./errors.ts";
import { logOrigin } from "./genesis.ts";
import { cosignedBy, decodeMemberSet, encodeMemberSet, MEMBER_SET, type MemberSet, sealQuorum } from "./member-set.ts";
import { NOTE_LIMITS, parseNote } from "./note-format.ts";
import {
  type BlockLeaf,
  checkProvedState,
  type ProvedState,
  provedStateFromCbor,
  provedStateToCbor,
} from "./proved-state.ts";

/** A cosigned checkpoint with the member set of the state behind it. What a chain's links are, and what a proof ends in. */
export interface SealedState {
  /** Signed note (C2SP tlog-checkpoint) with the members' cosignatures. */
  readonly note: string;
  readonly members: ProvedState;
}

/** What a sealed state says once checked. */
export interface CheckedSeal {
  readonly checkpoint: Checkpoint;
  /** The set in the state behind the checkpoint. */
  readonly set: MemberSet;
  readonly block: BlockLeaf;
  /** How many of the set that was asked cosigned, and how many it has. */
  readonly cosigned: number;
  readonly of: number;
}

export const LINKS_MAX = 4096;

/**
 * Checks one cosigned checkpoint against a set already trusted.
 * @throws AnamnesisError `ledger/not-sealed`, `ledger/bad-proof`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/bad-encoding`
 */
export function checkSeal(p: Primitives, chain: ChainId, trusted: MemberSet, sealed: SealedState): CheckedSeal {
  const { note, members } = sealed;
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.origin !== logOrigin(chain)) {
    throw ledgerError("ledger/bad-checkpoint", "the checkpoint is of another log");
  }
  const cosigned = cosignedBy(p, chain, trusted, note).length;
  const of = trusted.members.length;
  if (cosigned < sealQuorum(of)) {
    const { epoch } = trusted;
    throw ledgerError(
      "ledger/not-sealed",
      `${cosigned} of the ${of} members of epoch ${epoch} cosigned; it takes ${sealQuorum(of)}`,
      { cosigned, of, epoch, size: checkpoint.size },
    );
  }
  const block = checkProvedState(p, MEMBER_SET, members, checkpoint);
  if (members.value === undefined) throw ledgerError("ledger/bad-proof", "the state names no members");
  return { checkpoint, set: decodeMemberSet(members.value), block, cosigned, of };
}

/**
 * The newest set that the links lead to, from the founding one; without links that is the founding one itself.
 * @throws AnamnesisError as `checkSeal`, and `ledger/broken-chain` for a link that is stale or out of order
 */
export function followChain(
  p: Primitives,
  chain: ChainId,
  founding: MemberSet,
  links: readonly SealedState[],
): MemberSet {
  return trustedSets(p, chain, founding, links).at(-1) ?? founding;
}

/** Every set on the way, the founding one first. Throws as `followChain`. */
export function trustedSets(
  p: Primitives,
  chain: ChainId,
  founding: MemberSet,
  links: readonly SealedState[],
): readonly MemberSet[] {
  const sets = [founding];
  let trusted = founding;
  let size = 0;
  for (const [i, link] of links.entries()) {
    const { set, checkpoint } = checkSeal(p, chain, trusted, link);
    if (set.epoch <= trusted.epoch || checkpoint.size <= size) {
      throw ledgerError("ledger/broken-chain", `link ${i} of the trust chain leads back or nowhere`, { link: i });
    }
    sets.push(set);
    trusted = set;
    size = checkpoint.size;
  }
  return sets;
}

/**
 * Checks that a sealed state rests on the very set that stands in it: what a proof's target must be.
 * @throws AnamnesisError as `checkSeal`, and `ledger/broken-chain` when the chain does not end at the checkpoint's epoch
 */
export function checkSealed(p: Primitives, chain: ChainId, trusted: MemberSet, sealed: SealedState): CheckedSeal {
  const checked = checkSeal(p, chain, trusted, sealed);
  if (sameSet(checked.set, trusted)) return checked;
  const { epoch } = checked.set;
  throw ledgerError("ledger/broken-chain", `the chain ends at epoch ${trusted.epoch}, the checkpoint is of ${epoch}`, {
    trusted: trusted.epoch,
    epoch,
  });
}

const sameSet = (a: MemberSet, b: MemberSet): boolean => equal(encodeMemberSet(a), encodeMemberSet(b));

export const sealedToCbor = ({ note, members }: SealedState): Cbor => [note, provedStateToCbor(members)];

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function sealedFromCbor(cbor: Cbor | undefined): SealedState {
  const [note, members] = asTuple(cbor, 2, "sealed state");
  return { note: asText(note, NOTE_LIMITS.noteBytes, "note"), members: provedStateFromCbor(members) };
}

export const linksToCbor = (links: readonly SealedState[]): Cbor => links.map(sealedToCbor);

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export const linksFromCbor = (cbor: Cbor | undefined): SealedState[] =>
  asList(cbor, LINKS_MAX, "links").map((each) => sealedFromCbor(each));

/** The chain as a file: `[ 1, links ]`. */
export const encodeChain = (links: readonly SealedState[]): Uint8Array => encode([1, linksToCbor(links)]);

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function decodeChain(bytes: Bytes): readonly SealedState[] {
  const [version, links] = asTuple(decode(bytes, "trust chain"), 2, "trust chain");
  if (version !== 1) throw ledgerError("ledger/malformed", "trust chain of an unknown version");
  return linksFromCbor(links);
}
