/**
 * A promise (`promise.ts`) that was not kept: the log went on behind the promised time, and the key's nonce in the state is
 * still lower than that of the transaction.
 *
 *     BrokenPromise = [ SignedPromise as bytes, note: text, ProvedState of "nonce/<key id>" ]
 */
import { asBytesUpTo, asText, asTuple, asUint, type Bytes, type Cbor, decode, toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { noncePath } from "../contract.ts";
import { NOTE_LIMITS } from "../note-format.ts";
import { decodePromise, promisedBy } from "../promise.ts";
import { checkProvedState, type ProvedState, provedStateFromCbor, provedStateToCbor } from "../proved-state.ts";
import { encodeEvidence } from "./file.ts";
import { type Accuser, acquitted, envelope, type Ground, signedByLog } from "./ground.ts";

export interface BrokenPromiseFinding {
  readonly kind: "broken-promise";
  readonly logKey: Uint8Array;
  readonly transaction: Uint8Array;
  readonly keyId: Uint8Array;
  readonly nonce: number;
  /** The key's newest nonce in the state; null: it never had one. */
  readonly lastNonce: number | null;
  /** Promised and found, ms since 1970. */
  readonly byMs: number;
  readonly blockMs: number;
}

/**
 * @param promise the signed promise as it was received
 * @param note a checkpoint of the log whose last block is later than the promised time
 * @param nonce what the state behind it says under `noncePath` of the promise's key
 * @throws AnamnesisError `ledger/too-large`; whether it convicts is `checkEvidence`'s to say
 */
export function makeBrokenPromise(accuser: Accuser, promise: Bytes, note: string, nonce: ProvedState): Uint8Array {
  const content = [promise, note, provedStateToCbor(nonce)];
  return encodeEvidence({ ...envelope(accuser), kind: "broken-promise", content });
}

/** @throws AnamnesisError `ledger/bad-evidence`, `ledger/bad-checkpoint`, `ledger/bad-proof`, `ledger/malformed`, `core/…` */
export function checkBrokenPromise(p: Primitives, ground: Ground, content: Cbor): BrokenPromiseFinding {
  const [file, text, state] = asTuple(content, 3, "broken promise");
  const signed = decodePromise(asBytesUpTo(file, 1024, "promise"));
  const { chain, transaction, keyId, nonce, byMs } = signed.promise;
  if (chain !== ground.chain) throw acquitted("the promise is about another chain");
  const promiser = ground.logKeys.find((key) => promisedBy(p, key, signed));
  if (promiser === undefined) throw acquitted("no key of the log signed the promise");
  const { checkpoint } = signedByLog(p, ground, asText(text, NOTE_LIMITS.noteBytes, "note"));
  const proved = provedStateFromCbor(state);
  const block = checkProvedState(p, noncePath(toHex(keyId)), proved, checkpoint);
  const lastNonce = proved.value === undefined ? null : asUint(decode(proved.value, "nonce"), "nonce");
  if (block.time <= byMs) throw acquitted("the promised time had not passed when this checkpoint was made");
  if (lastNonce !== null && lastNonce >= nonce) {
    throw acquitted("the log has executed this transaction, or a later one of the same key");
  }
  return { kind: "broken-promise", logKey: promiser, transaction, keyId, nonce, lastNonce, byMs, blockMs: block.time };
}
