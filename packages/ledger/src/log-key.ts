/** The log's own key, as genesis names it: who must have signed a checkpoint. */
import { concat, toBase64 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { ledgerError } from "./errors.ts";
import { type Genesis, logOrigin } from "./genesis.ts";
import { type NoteVerifier, noteVerifier, openNote } from "./note.ts";

const ED25519_TYPE = 0x01;

export const logVerifier = (p: Primitives, genesis: Genesis): NoteVerifier =>
  noteVerifier(p, logOrigin(genesis.chain), "ed25519", genesis.logKey);

/** The same as text (`name+hash+base64`, C2SP signed-note), for tools that read our logs. */
export function logVerifierKey(p: Primitives, genesis: Genesis): string {
  const { name, keyId, publicKey } = logVerifier(p, genesis);
  return `${name}+${keyId.toString(16).padStart(8, "0")}+${toBase64(concat(Uint8Array.of(ED25519_TYPE), publicKey))}`;
}

/**
 * Reads a checkpoint of the log that genesis founds: signature, name, form.
 * @throws AnamnesisError `ledger/bad-checkpoint`, `ledger/malformed`
 */
export function openCheckpoint(p: Primitives, note: string, genesis: Genesis): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(p, note, [logVerifier(p, genesis)]).text);
  if (checkpoint.origin === logOrigin(genesis.chain)) return checkpoint;
  throw ledgerError("ledger/bad-checkpoint", "the checkpoint is of another log");
}
