/**
 * The index from the log alone. Every leaf is hashed again and the root of all of them must be the one that the signed
 * checkpoint names, so neither the local cache nor the reader is trusted. Events count only in batches that were signed
 * with a key of the organisation: another member's batch may name the same source.
 */
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  Frontier,
  hashAt,
  type LogReader,
  leafHashes,
  ledgerError,
  logOrigin,
  noteVerifier,
  openNote,
  parseCheckpoint,
  type SignedCheckpoint,
} from "@anamnesis/ledger";
import type { PlacedLeaf, RowIndexWriter } from "../row-index.ts";
import { SignedBatches } from "./signed-batches.ts";

const BATCH = 4096;

export interface FromLogOptions {
  readonly primitives: Primitives;
  /** The organisation whose batches count: its id in the genesis document. */
  readonly organisation: string;
  readonly onProgress?: (done: number, size: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Checks that the note is signed by the log's key, as the genesis document names it, and says what `checkpoint` says.
 * @throws AnamnesisError `ledger/bad-checkpoint` or `ledger/malformed`.
 */
export function checkSignedCheckpoint(p: Primitives, reader: LogReader, checkpoint: SignedCheckpoint): void {
  const origin = logOrigin(reader.genesis.chain);
  const verifier = noteVerifier(p, origin, "ed25519", reader.genesis.logKey);
  const signed = parseCheckpoint(openNote(p, checkpoint.note, [verifier]).text);
  if (signed.origin === origin && signed.size === checkpoint.size && equal(signed.root, checkpoint.root)) return;
  throw ledgerError("ledger/bad-checkpoint", "the checkpoint's signature belongs to another origin, size or root");
}

/** What takes in the leaves that count: an index, or whoever else goes through a log. */
export type LeafSink = Pick<RowIndexWriter, "apply" | "skipTo">;

/** Feeds an empty index from a log, and goes on from where it stopped when the log has grown. */
export class LogReplay {
  readonly #reader: LogReader;
  readonly #index: LeafSink;
  readonly #options: FromLogOptions;
  readonly #frontier: Frontier;
  readonly #batches: SignedBatches;

  constructor(reader: LogReader, index: LeafSink, options: FromLogOptions) {
    this.#reader = reader;
    this.#index = index;
    this.#options = options;
    this.#frontier = new Frontier(options.primitives);
    this.#batches = new SignedBatches(options.primitives, reader.genesis, options.organisation);
  }

  /**
   * Takes in everything up to the newest checkpoint and returns it.
   * @throws AnamnesisError `ledger/bad-checkpoint` when its signature or root is wrong, `ledger/bad-signature` when the
   *   organisation did not sign what stands in its name, `ledger/rolled-back` when the log
   *   is shorter than what was read before, and what the reader throws for leaves that do not fit their tree.
   */
  async catchUp(): Promise<SignedCheckpoint> {
    const { primitives, onProgress, signal } = this.#options;
    const checkpoint = await this.#reader.checkpoint();
    checkSignedCheckpoint(primitives, this.#reader, checkpoint);
    const from = this.#frontier.size;
    if (checkpoint.size < from) throw ledgerError("ledger/rolled-back", "the log has become shorter while it was read");
    let read: PlacedLeaf[] = [];
    for await (const placed of this.#reader.leaves(from, checkpoint.size)) {
      signal?.throwIfAborted();
      read.push(placed);
      if (read.length < BATCH) continue;
      this.#index.apply(this.#counted(read));
      read = [];
      onProgress?.(placed.index + 1, checkpoint.size);
    }
    const last = this.#counted(read);
    if (!equal(this.#frontier.root(), checkpoint.root)) {
      throw ledgerError("ledger/bad-checkpoint", "the leaves of the log do not give the root of its signed checkpoint");
    }
    this.#batches.requireMember();
    this.#index.apply(last);
    this.#index.skipTo(checkpoint.size);
    onProgress?.(checkpoint.size, checkpoint.size);
    return checkpoint;
  }

  /** Takes leaves into the tree; gives those that count. */
  #counted(read: readonly PlacedLeaf[]): readonly PlacedLeaf[] {
    const leaves = read.map(({ leaf }) => leaf);
    const hashes = leafHashes(this.#options.primitives, leaves);
    this.#frontier.appendAll(hashes);
    return read.filter(({ leaf }, i) => this.#batches.counts(leaf, hashAt(hashes, i)));
  }
}
