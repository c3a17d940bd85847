/**
 * The `Engine` port: orders transactions, makes them final, keeps the log. The promises below hold for every engine and are
 * checked by one conformance suite (`conformance/engine.ts`).
 */
import type { PackedAttachments } from "./attachments.ts";
import type { Refusal } from "./contract.ts";
import type { Genesis } from "./genesis.ts";
import type { StateProof } from "./state-tree.ts";
import type { SignedTransaction } from "./transaction.ts";

/** What `submit` answers once the transaction is final, and again whenever the same transaction is submitted. */
export interface Receipt {
  readonly id: Uint8Array;
  /** Log index of the command leaf; its attachments follow at `index + 1 …`. */
  readonly index: number;
  /** Leaves of the transaction, the command leaf included. */
  readonly count: number;
  /** Sequence and agreed time (ms) of its block. */
  readonly sequence: number;
  readonly time: number;
}

export interface SignedCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The whole signed note (C2SP tlog-checkpoint) with all signatures known. */
  readonly note: string;
}

/** A value (or its absence) with everything that proves it: state proof, newest block leaf, inclusion, checkpoint. */
export interface ProvedValue {
  readonly value: Uint8Array | undefined;
  readonly proof: StateProof;
  readonly blockLeaf: Uint8Array;
  readonly blockIndex: number;
  /** Inclusion path of the block leaf in the tree of `checkpoint`. */
  readonly inclusion: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
}

export interface Health {
  readonly status: "ok" | "read-only" | "failed";
  /** Code and text of what is wrong, when it is not `ok`. */
  readonly problem?: { readonly code: string; readonly message: string };
  readonly size: number;
  readonly sequence: number;
  readonly queued: number;
}

/** Reading a log: everything a verifier, a follower, `capture` or the gateway needs. Also open to a second process. */
export interface LogReader {
  readonly genesis: Genesis;

  /** The newest signed checkpoint; everything it covers is durable. */
  checkpoint(): Promise<SignedCheckpoint>;

  /**
   * Leaves `[from, to)` in order, streamed with bounded memory, each checked against the tree before it is given out.
   * @throws `ledger/damaged-tile` at the first leaf that does not fit; RangeError when `to` is beyond the checkpoint.
   */
  leaves(from: number, to: number): AsyncIterable<{ readonly index: number; readonly leaf: Uint8Array }>;

  /** Audit path of leaf `index` in the tree of `size` (RFC 6962 §2.1.1). */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]>;

  /** Proof that the tree of `older` leaves is a prefix of the tree of `newer` (RFC 6962 §2.1.2). */
  consistency(older: number, newer: number): Promise<readonly Uint8Array[]>;

  /** Bytes of a tile or entry bundle by its C2SP path (`tile/0/x001/234.p/7`), or undefined when the log has none. */
  tile(path: string): Promise<Uint8Array | undefined>;

  /** A state value as of the checkpoint, with its proof, checked before it is given out. Absence is proved as well. */
  read(key: string): Promise<ProvedValue>;
}

export interface Engine extends LogReader {
  /**
   * Resolves when the transaction is **final**: in a block whose log, state and checkpoint are durable (embedded: fsynced).
   * - The same transaction again gives the same receipt, also after a restart; it is executed once.
   * - A transaction that is refused rejects with the refusal's code and leaves no trace.
   * - Transactions of one caller, submitted one after the other, become final in that order.
   * - When the process dies before the answer, the transaction is either wholly in the log or not at all.
   * @throws `ledger/busy` when the queue is full, `ledger/disk-full` when nothing was written for want of space (submit
   *   again later), `ledger/closed` after `close`.
   */
  submit(transaction: SignedTransaction): Promise<Receipt>;

  /**
   * The same for a transaction that must name the root of the tree over its attachments (RFC 6962), where the engine has a use
   * for the hashes itself: it computes them, once, wherever it runs. `sign` makes the transaction, without attachments. Those
   * submitted this way become final in the order of the calls. Absent where it would spare nothing.
   */
  submitAttached?(
    attachments: PackedAttachments,
    sign: (root: Uint8Array) => SignedTransaction | Promise<SignedTransaction>,
  ): Promise<Receipt>;

  /** The receipt of a transaction already final, by id. */
  receipt(id: Uint8Array): Promise<Receipt | undefined>;

  /** Calls back after each block became final, in order, until the signal aborts. Misses none after the call. */
  subscribe(listener: (block: FinalBlock) => void, signal: AbortSignal): void;

  health(): Promise<Health>;

  /** Finishes what is queued, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/** One that computes roots for those who submit. */
export type AttachingEngine = Engine & Required<Pick<Engine, "submitAttached">>;

export interface FinalBlock {
  readonly sequence: number;
  readonly time: number;
  /** Log index of the block's first leaf, and the size of the log after it. */
  readonly first: number;
  readonly size: number;
  readonly refused: readonly Refusal[];
}
