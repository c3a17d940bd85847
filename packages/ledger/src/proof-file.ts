/**
 * The proof file: one log leaf, its way to a checkpoint, and (for events) the signature of the organisation that reported
 * it. Checked offline, by anybody: version 1 with a checkpoint from elsewhere, version 2 with the founding document alone,
 * because it brings a sealed checkpoint and the trust chain to those who sealed it (spec/log.md, "Proof file").
 *
 *     ProofFile  = [ 1, leaf: bytes, index: uint, size: uint, path: bytes(32·k), Authorship | null ]
 *                | [ 2, leaf, index, size, path, Authorship | null, Seal ]
 *     Seal       = [ genesis: bytes(32), [ SealedState … ], target: SealedState, ProvedState | null ]
 *     Authorship = [ head: bytes, place: uint, path: bytes(32·m), keyId: bytes(16), suite: text, publicKey: bytes, signature: bytes ]
 *
 * `head` is the signed batch header without its last 32 bytes: those are the root that leaf, place and path give.
 */
import {
  AnamnesisError,
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type Cbor,
  concat,
  decode,
  encode,
  equal,
} from "@anamnesis/core";
import { keyId, type Primitives, suiteOf } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { leafHash, rootFromInclusion } from "./merkle.ts";
import { asPath } from "./path.ts";
import { type ProvedState, provedStateFromCbor, provedStateToCbor } from "./proved-state.ts";
import { LIMITS, parseTransaction, signedMessage, type Transaction, transactionId } from "./transaction.ts";
import { linksFromCbor, linksToCbor, type SealedState, sealedFromCbor, sealedToCbor } from "./trust-chain.ts";

export interface ProofFile {
  readonly leaf: Uint8Array;
  readonly index: number;
  /** Size of the tree that `path` leads to: a checkpoint of exactly this size checks it. */
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly authorship: Authorship | null;
  /** Version 2. */
  readonly seal?: ProofSeal | undefined;
}

export interface ProofSeal {
  /** SHA-256 of the founding document. */
  readonly genesis: Uint8Array;
  /** From the founding members to those who sealed the target. */
  readonly links: readonly SealedState[];
  /** The checkpoint of `size` leaves. */
  readonly target: SealedState;
  /** The author's key in the state behind the target, for authors whose key the founding document does not name. */
  readonly key: ProvedState | undefined;
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
  const { leaf, index, size, path, seal } = proof;
  if (seal === undefined) return encode([1, leaf, index, size, concat(...path), authorship]);
  return encode([2, leaf, index, size, concat(...path), authorship, sealToCbor(seal)]);
}

const sealToCbor = ({ genesis, links, target, key }: ProofSeal): Cbor => [
  genesis,
  linksToCbor(links),
  sealedToCbor(target),
  key === undefined ? null : provedStateToCbor(key),
];

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier` or `ledger/malformed`. */
export function decodeProofFile(bytes: Bytes): ProofFile {
  const tuple = asList(decode(bytes, "proof file"), 7, "proof file");
  const version = tuple[0];
  if (version !== 1 && version !== 2) throw ledgerError("ledger/malformed", "proof file of an unknown version");
  const [, leaf, index, size, path, authorship, seal] = asTuple(tuple, version === 1 ? 6 : 7, "proof file");
  return {
    leaf: asBytesUpTo(leaf, LIMITS.leafBytes, "leaf"),
    index: asUint(index, "index"),
    size: asUint(size, "size"),
    path: asPath(path, "path"),
    authorship: authorship === null ? null : decodeAuthorship(authorship),
    ...(version === 1 ? {} : { seal: decodeSeal(seal) }),
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
  const message = signedMessage(a.suite, transactionId(p, a.keyId, bytes));
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

function decodeSeal(value: Cbor | undefined): ProofSeal {
  const [genesis, links, target, key] = asTuple(value, 4, "seal");
  return {
    genesis: asBytes(genesis, 32, "genesis"),
    links: linksFromCbor(links),
    target: sealedFromCbor(target),
    key: key === null ? undefined : provedStateFromCbor(key),
  };
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
