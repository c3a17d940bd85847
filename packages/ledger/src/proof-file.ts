/**
 * The proof file: one log leaf, its way to a checkpoint, and (for events) the signature of the organisation that reported
 * it. Checked offline, by anybody, with a checkpoint from elsewhere (spec/log.md, "Proof file").
 *
 *     ProofFile  = [ 1, leaf: bytes, index: uint, size: uint, path: bytes(32·k), Authorship | null ]
 *     Authorship = [ head: bytes, place: uint, path: bytes(32·m), keyId: bytes(16), suite: text, publicKey: bytes, signature: bytes ]
 *
 * `head` is the signed batch header without its last 32 bytes: those are the root that leaf, place and path give.
 */
import {
  AnamnesisError,
  asBytes,
  asBytesUpTo,
  asText,
  asTuple,
  asUint,
  type Bytes,
  concat,
  decode,
  encode,
  equal,
} from "@anamnesis/core";
import { keyId, type Primitives, suiteOf } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { leafHash, rootFromInclusion } from "./merkle.ts";
import { asPath } from "./path.ts";
import { LIMITS, parseTransaction, signedMessage, type Transaction, transactionId } from "./transaction.ts";

export interface ProofFile {
  readonly leaf: Uint8Array;
  readonly index: number;
  /** Size of the tree that `path` leads to: a checkpoint of exactly this size checks it. */
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly authorship: Authorship | null;
}

export interface Authorship {
  /** The signed transaction without its last 32 bytes. */
  readonly head: Uint8Array;
  /** Place of the event in its batch, from 0, and its way to the batch's root. */
  readonly place: number;
  readonly path: readonly Uint8Array[];
  readonly keyId: Uint8Array;
  readonly suite: string;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a proof file shows, once checked. The caller compares `root` with a checkpoint it trusts. */
export interface CheckedProof {
  /** Root of the tree of `size` leaves that contains the leaf. */
  readonly root: Uint8Array;
  readonly author: { readonly transaction: Transaction; readonly keyId: Uint8Array } | null;
}

export function encodeProofFile(proof: ProofFile): Uint8Array {
  const a = proof.authorship;
  const authorship =
    a === null ? null : [a.head, a.place, concat(...a.path), a.keyId, a.suite, a.publicKey, a.signature];
  return encode([1, proof.leaf, proof.index, proof.size, concat(...proof.path), authorship]);
}

/** @throws AnamnesisError `core/bad-encoding` or `ledger/malformed`. */
export function decodeProofFile(bytes: Bytes): ProofFile {
  const [version, leaf, index, size, path, authorship] = asTuple(decode(bytes, "proof file"), 6, "proof file");
  if (version !== 1) throw ledgerError("ledger/malformed", "proof file of an unknown version");
  return {
    leaf: asBytesUpTo(leaf, LIMITS.leafBytes, "leaf"),
    index: asUint(index, "index"),
    size: asUint(size, "size"),
    path: asPath(path, "path"),
    authorship: authorship === null ? null : decodeAuthorship(authorship),
  };
}

/**
 * Computes the root that the proof leads to and checks the author's signature if there is one.
 * @throws AnamnesisError `ledger/bad-proof` or `ledger/bad-signature`.
 */
export function checkProof(p: Primitives, proof: ProofFile): CheckedProof {
  const hash = leafHash(p, proof.leaf);
  const root = rootFromInclusion(p, hash, proof.index, proof.size, proof.path);
  if (root === undefined) throw ledgerError("ledger/bad-proof", "the path does not fit index and size");
  return { root, author: proof.authorship === null ? null : checkAuthor(p, hash, proof.authorship) };
}

function checkAuthor(p: Primitives, hash: Bytes, a: Authorship): NonNullable<CheckedProof["author"]> {
  const count = declaredCount(a);
  const root = rootFromInclusion(p, hash, a.place, count, a.path);
  if (root === undefined) throw ledgerError("ledger/bad-proof", "the path in the batch does not fit its place");
  const bytes = concat(a.head, root);
  const suite = suiteOf(a.suite);
  if (!equal(keyId(p, suite.id, a.publicKey), a.keyId)) {
    throw ledgerError("ledger/bad-signature", "the key in the proof is not the one it names");
  }
  const message = signedMessage(a.suite, transactionId(p, bytes));
  if (!suite.verify(p, a.publicKey, message, a.signature)) {
    throw ledgerError("ledger/bad-signature", "the author's signature does not fit the event");
  }
  return { transaction: parseTransaction(bytes), keyId: a.keyId };
}

/** The batch's size stands in its signed header; with any root in place of the true one the header can be read. */
function declaredCount(a: Authorship): number {
  try {
    const { kind, body } = parseTransaction(concat(a.head, new Uint8Array(32)));
    if (kind !== "events.batch") throw ledgerError("ledger/bad-proof", "the header is not one of a batch");
    return asUint(asTuple(body, 6, "batch")[4], "count");
  } catch (cause) {
    if (cause instanceof AnamnesisError && cause.code === "ledger/bad-proof") throw cause;
    throw ledgerError("ledger/bad-proof", "the batch header in the proof cannot be read", {}, { cause });
  }
}

function decodeAuthorship(value: ReturnType<typeof decode> | undefined): Authorship {
  const [head, place, path, id, suite, publicKey, signature] = asTuple(value, 7, "authorship");
  return {
    head: asBytesUpTo(head, LIMITS.transactionBytes, "header"),
    place: asUint(place, "place"),
    path: asPath(path, "path in the batch"),
    keyId: asBytes(id, 16, "key id"),
    suite: asText(suite, 16, "suite"),
    publicKey: asBytesUpTo(publicKey, 256, "public key"),
    signature: asBytesUpTo(signature, 256, "signature"),
  };
}
