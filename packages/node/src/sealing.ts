/**
 * The duty to seal (spec/incentive.md): when it is this member's turn, it puts the cosignatures that the members gave to the
 * newest checkpoint on the ledger. What it needs to know stands in the state; each value is read with its proof.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Cosignature,
  encodeSealBody,
  lineFor,
  RULE,
  readSealing,
  readStandings,
  SEAL_KIND,
  SEALING,
  type Seal,
  type Sealing,
  scorePath,
  turnAt,
} from "@anamnesis/contracts";
import { AnamnesisError, type ChainId, utf8 } from "@anamnesis/core";
import type { Primitives, Signer } from "@anamnesis/crypto";
import {
  decodeMemberSet,
  type LogReader,
  MEMBER_SET,
  type MemberSet,
  memberVerifier,
  parseCheckpoint,
  parseNote,
  type Receipt,
  type SignedTransaction,
  sealQuorum,
  signTransaction,
} from "@anamnesis/ledger";

/** Who may seal next, as the ledger stands. */
export interface SealingDuty {
  readonly sealing: Sealing;
  readonly set: MemberSet;
  /** Ids of the members in line, the first one first; empty while nothing waits for a seal. */
  readonly line: readonly string[];
  /** From when on each of them may, ms of agreed time. */
  readonly from: readonly number[];
}

export async function sealingDuty(log: Pick<LogReader, "read">): Promise<SealingDuty> {
  const values = new Map<string, Uint8Array | undefined>();
  const fetch = async (key: string) => values.set(key, (await log.read(key)).value);
  await fetch(SEALING);
  await fetch(MEMBER_SET);
  const set = decodeMemberSet(values.get(MEMBER_SET) ?? new Uint8Array(0));
  for (const { id } of set.members) await fetch(scorePath(id));
  const state = { get: (key: string) => values.get(key) };
  const sealing = readSealing(state);
  if (sealing.opened === 0) return { sealing, set, line: [], from: [] };
  const ids = set.members.map((each) => each.id);
  const line = lineFor(readStandings(state, ids, sealing.seal), sealing).map((each) => each.id);
  const pause = sealing.seal === 0 ? 0 : sealing.time + RULE.pauseMs;
  return { sealing, set, line, from: line.map((_, place) => Math.max(pause, turnAt(sealing, place))) };
}

/**
 * The seal that the cosignatures on `note` allow, or undefined when they do not suffice: too few, too old for the stretch that
 * waits, or on a checkpoint that is sealed already.
 */
export function sealFrom(p: Primitives, chain: ChainId, { sealing, set }: SealingDuty, note: string): Seal | undefined {
  const { text, signatures } = parseNote(note);
  const { size, root } = parseCheckpoint(text);
  if (size <= sealing.size) return undefined;
  const message = utf8(text);
  const oldest = Math.floor(sealing.opened / 1000);
  const cosignatures = set.members.flatMap((member): Cosignature[] => {
    const verifier = memberVerifier(p, chain, member);
    const newest = signatures
      .filter((s) => s.name === verifier.name && s.keyId === verifier.keyId)
      .map(({ signature }) => ({ time: verifier.verify(p, message, signature)?.time ?? -1, signature }))
      .reduce((best, each) => (each.time > best.time ? each : best), { time: -1, signature: new Uint8Array(0) });
    return newest.time < oldest ? [] : [{ id: member.id, time: newest.time, signature: newest.signature.slice(8) }];
  });
  return cosignatures.length < sealQuorum(set.members.length) ? undefined : { size, root, cosignatures };
}

export interface SealerOptions {
  readonly primitives: Primitives;
  readonly chain: ChainId;
  readonly organisation: string;
  /** The organisation's key for transactions. */
  readonly signer: Signer;
  readonly log: Pick<LogReader, "read">;
  readonly submit: (transaction: SignedTransaction) => Promise<Receipt>;
  /** The newest checkpoint with the members' cosignatures, if there is one. */
  readonly sealed: () => Promise<string | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const LIFETIME_S = 60;
const NONCES_PER_MS = 1_000;

/** Seals if it is this member's turn. @returns the receipt, or undefined when there was nothing to do */
export async function sealIfDue(o: SealerOptions): Promise<Receipt | undefined> {
  const duty = await sealingDuty(o.log);
  const place = duty.line.indexOf(o.organisation);
  if (place < 0 || o.now() < (duty.from[place] ?? Number.POSITIVE_INFINITY)) return undefined;
  const note = await o.sealed();
  const seal = note === undefined ? undefined : sealFrom(o.primitives, o.chain, duty, note);
  if (seal === undefined) return undefined;
  const transaction = {
    chain: o.chain,
    kind: SEAL_KIND,
    nonce: o.now() * NONCES_PER_MS,
    expires: Math.floor(o.now() / 1000) + LIFETIME_S,
    body: encodeSealBody(seal),
  };
  return o.submit(signTransaction(o.primitives, transaction, [o.signer]));
}

const LOOK_MS = 2_000;

/** Until the signal aborts. What goes wrong is told and tried again: sealing is a duty, nothing waits for it. */
export async function keepSealing(
  o: SealerOptions & { readonly onSeal?: (receipt: Receipt) => void; readonly onRefused?: (code: string) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const receipt = await sealIfDue(o);
      if (receipt !== undefined) o.onSeal?.(receipt);
    } catch (error) {
      if (!(error instanceof AnamnesisError)) throw error;
      o.onRefused?.((error as AnamnesisError).code);
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
