/** In the place of the orderer's key: a signature that is there already. */
import { invariant } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type Checkpoint,
  type Genesis,
  logVerifier,
  logVerifierKey,
  type NoteSigner,
  openCheckpoint,
  parseNote,
} from "@anamnesis/ledger";

export interface CopiedSigner extends NoteSigner {
  readonly checkpoint: Checkpoint;
}

/**
 * Cosignatures that the note may carry are left out: a replica stores what the orderer stores. It signs whatever it is asked to,
 * so the caller must compare what was asked with `checkpoint` before anything of it is kept.
 * @throws AnamnesisError `ledger/bad-checkpoint`, `ledger/malformed`
 */
export function copiedSigner(p: Primitives, genesis: Genesis, note: string): CopiedSigner {
  const checkpoint = openCheckpoint(p, note, genesis);
  const { name, keyId } = logVerifier(p, genesis);
  const signature = parseNote(note).signatures.find((s) => s.name === name && s.keyId === keyId);
  invariant(signature !== undefined, "an opened checkpoint carries the log's signature");
  return { checkpoint, name, keyId, verifierKey: logVerifierKey(p, genesis), sign: () => signature };
}
