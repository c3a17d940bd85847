import { AnamnesisError, type Details } from "@anamnesis/core";

/** Every way in which the ledger says no. The comment tells an operator what to do. */
export type LedgerErrorCode =
  // what a submitter can get wrong
  | "ledger/malformed" // the bytes are not a transaction, leaf, note or proof of this format
  | "ledger/too-large" // split the batch: 4,096 events, 600 KiB
  | "ledger/wrong-chain" // the transaction names another chain: check the configuration
  | "ledger/unknown-kind" // no contract module handles it: the peer is newer, or the name is wrong
  | "ledger/unknown-suite" // the signature suite is not known to this version
  | "ledger/unknown-key" // the signing key is not a member's: check genesis and the key folder
  | "ledger/key-suspended" // the organisation of the key is suspended: the members may reinstate it (`anamnesis propose`)
  | "ledger/key-retired" // the key was replaced or withdrawn: sign with the organisation's current one
  | "ledger/bad-signature" // altered on the way, or signed with another key
  | "ledger/nonce-repeated" // the nonce was used for another transaction: sign again with a newer one
  | "ledger/bad-genesis" // the founding document is not signed by every founder, or names a key twice: see `anamnesis genesis`
  | "ledger/not-refused" // what `ledger.refuse` carries is not refused here: submit the transaction itself
  | "ledger/expired" // sign again; check the clocks if it happens at once
  // what can happen to the store
  | "ledger/damaged-store" // the store contradicts its own checkpoint: restore it from a copy; nothing is served
  | "ledger/other-format" // another version wrote the store: set it aside and import the log anew
  | "ledger/damaged-tile" // a tile or bundle does not match the tree above it: fetch it again or restore
  | "ledger/pruned" // the entries were dropped here: fetch them from an export, an archive or another member; start a follower from a snapshot
  | "ledger/not-archived" // nobody else is known to hold the entries that are to be dropped: export the log first, and name the folder
  | "ledger/bad-snapshot" // the snapshot is damaged, incomplete or of another ledger: take another one
  | "ledger/rolled-back" // the log is older than, or contradicts, a checkpoint seen before
  | "ledger/disk-full" // free space; the engine resumes by itself with the next submission
  | "ledger/locked" // another process orders this ledger: stop it, or use the commands that only read
  | "ledger/no-ledger" // the folder holds no ledger: run `anamnesis init`
  | "ledger/exists" // the folder already holds a ledger: choose another folder, or open that one
  | "ledger/closed" // the engine was stopped
  | "ledger/busy" // the queue is full: submit again later
  // what a verifier finds
  | "ledger/bad-block" // a block does not follow from its commands and the one before it: its maker broke the rules
  | "ledger/bad-checkpoint" // the checkpoint's signature or form is wrong
  | "ledger/bad-proof" // the proof does not lead to the checkpoint's root
  | "ledger/not-sealed" // too few members cosigned: ask a member's node for a checkpoint that more than two thirds have cosigned
  | "ledger/unwitnessed" // fewer witnesses than demanded have cosigned the log, or too long ago: ask its operator and the witnesses
  | "ledger/broken-chain" // a link is stale or out of order: ask for the whole trust chain again, from another member too
  | "ledger/bad-evidence"; // the file convicts nobody: somebody accuses falsely, or left out what proves it

/** The error as one of ours with any code; `undefined` for foreign ones. */
export function knownError(error: unknown): AnamnesisError | undefined {
  return error instanceof AnamnesisError ? (error as AnamnesisError) : undefined;
}

export function ledgerError(
  code: LedgerErrorCode,
  message: string,
  details?: Details,
  options?: ErrorOptions,
): AnamnesisError<LedgerErrorCode> {
  return new AnamnesisError(code, message, details ?? {}, options);
}
