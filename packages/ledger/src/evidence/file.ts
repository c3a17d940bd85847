/**
 * Evidence files: they convict alone. Every kind stands in the same envelope, so that a reader who has nothing else can
 * see whose log it is about and compare that with what is known from elsewhere.
 *
 *     Evidence = [ "anamnesis/evidence/v1", kind: text, genesis: bytes, links: [ SealedState … ], content ]
 */
import { asBytesUpTo, asText, asTuple, type Bytes, type Cbor, decode, encode, equal, utf8 } from "@anamnesis/core";
import { ledgerError } from "../errors.ts";
import { LIMITS, tooLarge } from "../transaction.ts";
import { linksFromCbor, linksToCbor, type SealedState } from "../trust-chain.ts";

export const EVIDENCE_KINDS = ["fork", "bad-block", "broken-promise", "back-dated", "withheld"] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

export interface EvidenceFile {
  readonly kind: EvidenceKind;
  /** The founding document, as it stands in leaf 0. */
  readonly genesis: Uint8Array;
  /** Trust chain from there to the members and the log key that the accusation is about. */
  readonly links: readonly SealedState[];
  readonly content: Cbor;
}

/** A block of ours ends at 4 MiB; one that an accused made larger has room as well. */
export const EVIDENCE_BYTES_MAX = 80 * 1024 * 1024;

const TAG = "anamnesis/evidence/v1";
/** How every such file begins: a list of five, and the tag. */
const START = encode([TAG, 0, 0, 0, 0]).subarray(0, 2 + utf8(TAG).length);

/** Whether the bytes claim to be evidence: a proof file never begins so. */
export const isEvidence = (bytes: Bytes): boolean => equal(bytes.subarray(0, START.length), START);

export function encodeEvidence({ kind, genesis, links, content }: EvidenceFile): Uint8Array {
  const bytes = encode([TAG, kind, genesis, linksToCbor(links), content]);
  if (bytes.length > EVIDENCE_BYTES_MAX) throw tooLarge("evidence", bytes.length, EVIDENCE_BYTES_MAX);
  return bytes;
}

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed`, `ledger/too-large` */
export function decodeEvidence(bytes: Bytes): EvidenceFile {
  if (bytes.length > EVIDENCE_BYTES_MAX) throw tooLarge("evidence", bytes.length, EVIDENCE_BYTES_MAX);
  if (!isEvidence(bytes)) throw ledgerError("ledger/malformed", "this is no evidence file of a known version");
  const [, kind, genesis, links, content] = asTuple(decode(bytes, "evidence"), 5, "evidence");
  const name = asText(kind, 32, "kind of evidence");
  const known = EVIDENCE_KINDS.find((each) => each === name);
  if (known === undefined || content === undefined)
    throw ledgerError("ledger/malformed", "evidence of an unknown kind");
  return {
    kind: known,
    genesis: asBytesUpTo(genesis, LIMITS.leafBytes, "genesis document"),
    links: linksFromCbor(links),
    content,
  };
}
