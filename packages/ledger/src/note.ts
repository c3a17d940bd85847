/**
 * Signed notes (C2SP signed-note). A note says nothing until `openNote` has checked it against keys that the caller
 * trusts.
 */
import { type Bytes, utf8 } from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { type NoteSignature, parseNote } from "./note-format.ts";
import type { NoteKeyType, NoteVerifier } from "./note-key.ts";

export * from "./note-format.ts";
export * from "./note-key.ts";

export interface VerifiedSignature {
  readonly name: string;
  readonly keyId: number;
  readonly type: NoteKeyType;
  /** Cosignatures only: seconds since 1970. */
  readonly time?: number;
}

export interface OpenedNote {
  readonly text: string;
  /** At most one per key; of several cosignatures by one key the newest. Never empty. */
  readonly verified: readonly VerifiedSignature[];
  /** Signature lines of keys that the caller did not name: ignored. */
  readonly unverified: number;
}

/**
 * Checks a note against the keys the caller trusts; unknown signatures are ignored.
 *
 * @throws AnamnesisError what `parseNote` throws, and `ledger/bad-checkpoint` when a named key's signature is wrong or
 * none of the named keys signed
 */
export function openNote(p: PurePrimitives, note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = parseNote(note);
  const message = utf8(text);
  const verified = new Map<NoteVerifier, VerifiedSignature>();
  let unverified = 0;
  for (const s of signatures) {
    const verifier = verifiers.find((v) => v.name === s.name && v.keyId === s.keyId);
    if (verifier === undefined) unverified++;
    else keepNewest(verified, verifier, check(p, verifier, message, s));
  }
  if (verified.size === 0) {
    throw ledgerError("ledger/bad-checkpoint", "no signature by a known key: check which keys you trust for this log");
  }
  return { text, verified: [...verified.values()], unverified };
}

function check(p: PurePrimitives, verifier: NoteVerifier, message: Bytes, s: NoteSignature): VerifiedSignature {
  const result = verifier.verify(p, message, s.signature);
  if (result === undefined) {
    throw ledgerError("ledger/bad-checkpoint", `the signature of ${s.name} does not fit the text`, { name: s.name });
  }
  return { name: s.name, keyId: s.keyId, type: verifier.type, ...result };
}

function keepNewest(kept: Map<NoteVerifier, VerifiedSignature>, by: NoteVerifier, next: VerifiedSignature): void {
  const before = kept.get(by);
  if (before === undefined || (next.time ?? 0) > (before.time ?? 0)) kept.set(by, next);
}
