/**
 * The `Contract` port: the state machine that every member runs. It is a function of the state and the list of blocks;
 * time, chance and identity are arguments. It is synchronous, touches nothing but its context, and does a bounded amount
 * of work per transaction. Engines call it; it never calls an engine.
 */
import type { ChainId } from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import type { LedgerErrorCode } from "./errors.ts";
import type { Genesis } from "./genesis.ts";
import type { SignedTransaction } from "./transaction.ts";

/** What a contract may read. Keys are ASCII paths such as `source/hospital-nord/ehr`, at most 200 characters. */
export interface StateReader {
  get(key: string): Uint8Array | undefined;
}

/** What a command may do. Writes are seen by later reads of the same block and kept only if the command is accepted. */
export interface Context extends StateReader {
  /** Hashing and verifying; whatever signs or draws by chance is not there. */
  readonly primitives: PurePrimitives;
  readonly chain: ChainId;
  /** Number of the block. */
  readonly sequence: number;
  /** Agreed time of the block, ms since 1970: never the local clock. */
  readonly time: number;
  /** The organisations whose keys signed, in the order of the signatures; already verified. */
  readonly signers: readonly string[];
  /**
   * Values of a numbered list: of the keys `<prefix>/<from>`, `<prefix>/<from + 1>`, … at most `count` (and `RANGE_MAX`), up to
   * the first that is not there. By number and not by an index of keys, so that each read has a state proof.
   */
  range(prefix: string, from: number, count: number): readonly Uint8Array[];
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Appends leaves to the log behind the command's own leaf. `hashes`: their RFC 6962 leaf hashes, 32 bytes each, packed. */
  emit(leaves: readonly Uint8Array[], hashes: Uint8Array): void;
}

/** A "no" with a stable code. Codes of contract modules are `<module>/<kebab-case>`. */
export interface Refusal {
  readonly code: LedgerErrorCode | `${string}/${string}`;
  readonly message: string;
}

export interface Contract {
  /** Writes the founding state. Called once, before the first block, with no signers. */
  genesis(context: Context, genesis: Genesis): void;

  /** Stateless and pure: shape, limits, internal consistency. Run before queueing and again in the block. */
  check(transaction: SignedTransaction): Refusal | null;

  /**
   * Executes one transaction whose signatures, chain, nonce and expiry the host has verified. Returns a refusal to undo
   * everything it did. Throwing means a bug and stops the engine: a wrong state must not be committed.
   */
  handle(context: Context, transaction: SignedTransaction): Refusal | null;
}

/** Values that one `range` gives at most. */
export const RANGE_MAX = 1000;

/** State key of the highest nonce used by a key, as DAG-CBOR integer. */
export const noncePath = (keyIdHex: string): string => `nonce/${keyIdHex}`;
