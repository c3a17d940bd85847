/** Transactions and their signatures (spec/encoding.md, "Transaction"). */
import {
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type Cbor,
  type ChainId,
  chainId,
  concat,
  decode,
  encode,
  utf8,
} from "@anamnesis/core";
import type { Primitives, PurePrimitives, Signer } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";

/** A command to the ledger. `nonce` rises per key; `expires` in seconds since 1970. */
export interface Transaction {
  readonly chain: ChainId;
  readonly kind: string;
  readonly nonce: number;
  readonly expires: number;
  readonly body: Cbor;
}

export interface Signature {
  readonly keyId: Uint8Array;
  readonly suite: string;
  readonly signature: Uint8Array;
}

/** A transaction as it travels: exact signed bytes, signatures, and the attachments that the body commits to. */
export interface SignedTransaction {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
  readonly transaction: Transaction;
  readonly signatures: readonly Signature[];
  readonly attachments: readonly Uint8Array[];
}

export const LIMITS = {
  /** Events of one batch. */
  batchEvents: 4096,
  /** Bytes of all attachments of one batch. */
  batchBytes: 600 * 1024,
  /** Bytes of the signed part of a transaction. */
  transactionBytes: 64 * 1024,
  signatures: 16,
  /** Bytes of one log leaf: what the length prefix of an entry bundle can say. */
  leafBytes: 65_535,
} as const;

/** Bytes of a signed transaction as it travels (`encodeSigned`). */
export const SIGNED_BYTES_MAX = LIMITS.transactionBytes + LIMITS.batchBytes + 16 * LIMITS.batchEvents;

const TX_DOMAIN = utf8("anamnesis/tx/v2\0");
const SIGNATURE_DOMAIN = utf8("anamnesis/sig/v1\0");

/**
 * Who acts is part of it: the same bytes under another first key are another transaction.
 * @param keyId of the first signature, 16 bytes: of fixed length, so nothing of it can pass for bytes
 */
export const transactionId = (p: PurePrimitives, keyId: Bytes, bytes: Bytes): Uint8Array =>
  p.sha256(concat(TX_DOMAIN, keyId, bytes));

/**
 * The key that acts: that of the first signature.
 * @throws AnamnesisError `ledger/malformed` without signatures: such a transaction has no id.
 */
export function actingKey([first]: readonly { readonly keyId: Uint8Array }[]): Uint8Array {
  if (first === undefined) throw ledgerError("ledger/malformed", "a transaction needs at least one signature");
  return first.keyId;
}

/** What a signature covers: suite and transaction id under a domain of its own. */
export const signedMessage = (suite: string, id: Bytes): Uint8Array => concat(SIGNATURE_DOMAIN, utf8(`${suite}\0`), id);

/**
 * @param signers the first one acts; all of them sign the id that names it
 * @throws AnamnesisError `ledger/malformed` without signers
 */
export function signTransaction(
  p: Primitives,
  transaction: Transaction,
  signers: readonly Signer[],
  attachments: readonly Uint8Array[] = [],
): SignedTransaction {
  const { chain, kind, nonce, expires, body } = transaction;
  const bytes = encode([1, chain, kind, nonce, expires, body]);
  const id = transactionId(p, actingKey(signers), bytes);
  const signatures = signers.map((s) => ({
    keyId: s.keyId,
    suite: s.suite,
    signature: s.sign(signedMessage(s.suite, id)),
  }));
  return { id, bytes, transaction, signatures, attachments };
}

export function parseTransaction(bytes: Bytes): Transaction {
  if (bytes.length > LIMITS.transactionBytes) throw tooLarge("transaction", bytes.length, LIMITS.transactionBytes);
  const [version, chain, kind, nonce, expires, body] = asTuple(decode(bytes, "transaction"), 6, "transaction");
  if (version !== 1) throw ledgerError("ledger/malformed", "transaction of an unknown version");
  const name = asText(kind, 48, "transaction kind");
  if (!/^[a-z-]+(?:\.[a-z-]+)+$/.test(name)) throw ledgerError("ledger/malformed", "the kind is not `module.verb`");
  return {
    chain: chainId(asText(chain, 32, "chain")),
    kind: name,
    nonce: asUint(nonce, "nonce"),
    expires: asUint(expires, "expires"),
    body: body as Cbor,
  };
}

export function encodeSigned(signed: SignedTransaction): Uint8Array {
  return encode([signed.bytes, signatureTuples(signed.signatures), signed.attachments]);
}

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` or `ledger/too-large`; signatures are not checked. */
export function decodeSigned(p: Primitives, bytes: Bytes): SignedTransaction {
  if (bytes.length > SIGNED_BYTES_MAX) throw tooLarge("signed transaction", bytes.length, SIGNED_BYTES_MAX);
  const [txBytes, signatures, attachments] = asTuple(decode(bytes, "signed transaction"), 3, "signed transaction");
  const tx = asBytesUpTo(txBytes, LIMITS.transactionBytes, "transaction");
  const transaction = parseTransaction(tx);
  const parsed = parseSignatures(signatures);
  return {
    id: transactionId(p, actingKey(parsed), tx),
    bytes: tx,
    transaction,
    signatures: parsed,
    attachments: asList(attachments, LIMITS.batchEvents, "attachments").map((a) =>
      asBytesUpTo(a, LIMITS.leafBytes, "attachment"),
    ),
  };
}

export const signatureTuples = (signatures: readonly Signature[]): Cbor =>
  signatures.map((s) => [s.keyId, s.suite, s.signature]);

export function parseSignatures(value: Cbor | undefined): Signature[] {
  const list = asList(value, LIMITS.signatures, "signatures");
  if (list.length === 0) throw ledgerError("ledger/malformed", "a transaction needs at least one signature");
  return list.map((item) => {
    const [keyId, suite, signature] = asTuple(item, 3, "signature");
    return {
      keyId: asBytes(keyId, 16, "key id"),
      suite: asText(suite, 16, "suite"),
      signature: asBytesUpTo(signature, 256, "signature"),
    };
  });
}

export function tooLarge(what: string, size: number, limit: number) {
  return ledgerError("ledger/too-large", `${what}: ${size} is over the limit of ${limit}`, { what, size, limit });
}
