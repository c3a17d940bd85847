/**
 * The orderer's word before the log's: "this transaction, by this key with this nonce, is settled in the log by that time".
 *
 *     Promise       = [ 1, chain: text, transaction: bytes(32), keyId: bytes(16), nonce: uint, accepted: uint (ms), by: uint (ms) ]
 *     SignedPromise = [ Promise as bytes, signature: bytes(64) ]
 *     signature     = Ed25519 by the log's key over "anamnesis/promise/v1" 0x00 ‖ Promise
 *
 * It is broken when the log goes on behind `by` and the key's nonce in the state is still lower. What is refused after it was
 * promised is refused in the log (`refuse.ts`), which raises the nonce as well: so whoever orders can always keep his word, and
 * nothing that is said outside the log has to be believed.
 */
import {
  asBytes,
  asBytesUpTo,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type ChainId,
  chainId,
  concat,
  decode,
  encode,
  utf8,
} from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";

export interface LogPromise {
  readonly chain: ChainId;
  /** Transaction id, 32 bytes. */
  readonly transaction: Uint8Array;
  /** The transaction's first signing key: the one whose nonce the state keeps. */
  readonly keyId: Uint8Array;
  readonly nonce: number;
  /** Agreed time at which it was taken, ms since 1970. */
  readonly acceptedMs: number;
  /** Latest block time, ms since 1970. */
  readonly byMs: number;
}

const DOMAIN = utf8("anamnesis/promise/v1\0");
const PROMISE_BYTES_MAX = 256;

/** @param sign the log key's raw Ed25519, see `Primitives.ed25519Signer` */
export function signPromise(sign: (message: Bytes) => Uint8Array, promise: LogPromise): Uint8Array {
  const { chain, transaction, keyId, nonce, acceptedMs, byMs } = promise;
  const bytes = encode([1, chain, transaction, keyId, nonce, acceptedMs, byMs]);
  return encode([bytes, sign(concat(DOMAIN, bytes))]);
}

export interface SignedPromise {
  readonly promise: LogPromise;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Reads a signed promise; the signature is not checked yet.
 * @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier`, `ledger/malformed`
 */
export function decodePromise(file: Bytes): SignedPromise {
  const [body, signature] = asTuple(decode(file, "signed promise"), 2, "signed promise");
  const bytes = asBytesUpTo(body, PROMISE_BYTES_MAX, "promise");
  const [version, chain, transaction, keyId, nonce, accepted, by] = asTuple(decode(bytes, "promise"), 7, "promise");
  if (version !== 1) throw ledgerError("ledger/malformed", "promise of an unknown version");
  return {
    bytes,
    signature: asBytes(signature, 64, "signature"),
    promise: {
      chain: chainId(asText(chain, 32, "chain")),
      transaction: asBytes(transaction, 32, "transaction id"),
      keyId: asBytes(keyId, 16, "key id"),
      nonce: asUint(nonce, "nonce"),
      acceptedMs: asUint(accepted, "accepted"),
      byMs: asUint(by, "by"),
    },
  };
}

/** Whether one of the log's keys signed it. */
export const promisedBy = (p: Primitives, logKey: Bytes, { bytes, signature }: SignedPromise): boolean =>
  p.ed25519Verify(logKey, concat(DOMAIN, bytes), signature);
