/**
 * The embedded engine: one process orders. Transactions queue, and whenever the process is free everything that waits
 * becomes one block: one execution, one signature of the checkpoint, one flush of the disk for all of them.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type AnamnesisError, invariant, toHex } from "@anamnesis/core";
import {
  type AttachingEngine,
  type FinalBlock,
  type Health,
  knownError,
  ledgerError,
  type PackedAttachments,
  type ProvedValue,
  type Receipt,
  rootOnce,
  type Signature,
  type SignedCheckpoint,
  type SignedTransaction,
  unpackAttachments,
} from "@anamnesis/ledger";
import { admit, checkSignatures, refusalError } from "./admission.ts";
import type { EngineLimits } from "./limits.ts";
import type { Lock } from "./lock.ts";
import type { Producer, ProducerOptions } from "./producer.ts";
import { Queue, type Waiting } from "./queue.ts";
import type { StoreReader } from "./reader.ts";
import { sameSignatures } from "./receipts.ts";
import type { RememberedCheckpoint } from "./remembered.ts";
import type { Store } from "./store.ts";

/** What an open ledger consists of; wired in `open.ts`. */
export interface Parts {
  readonly options: ProducerOptions;
  readonly limits: EngineLimits;
  readonly store: Store;
  readonly reader: StoreReader;
  readonly producer: Producer;
  readonly remembered: RememberedCheckpoint;
  readonly lock: Lock;
}

interface InFlight {
  readonly receipt: Promise<Receipt>;
  readonly signatures: readonly Signature[];
}

export class EmbeddedEngine implements AttachingEngine {
  readonly #parts: Parts;
  readonly #queue: Queue;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #listeners = new Set<(block: FinalBlock) => void>();
  #scheduled: (() => void) | undefined;
  #problem: { readonly fatal: boolean; readonly error: AnamnesisError } | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#queue = new Queue(parts.limits, () => this.#schedule());
  }

  get genesis() {
    return this.#parts.reader.genesis;
  }

  async submit(given: SignedTransaction): Promise<Receipt> {
    this.#requireOpen();
    const key = toHex(given.id);
    const waiting = this.#inFlight.get(key);
    if (waiting !== undefined) return this.#shared(waiting, given);
    const { options, reader, producer } = this.#parts;
    const final = reader.receipt(given.id);
    if (final !== undefined) return final;
    const admitted = admit(options.primitives, options.contract, this.genesis, given);
    const verified = checkSignatures(options.primitives, producer.state, admitted.transaction);
    const receipt = this.#queue.push(admitted, verified);
    this.#inFlight.set(key, { receipt, signatures: given.signatures });
    this.#schedule();
    try {
      return await receipt;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  async submitAttached(
    packed: PackedAttachments,
    sign: (root: Uint8Array) => SignedTransaction | Promise<SignedTransaction>,
  ): Promise<Receipt> {
    this.#requireOpen();
    const { primitives } = this.#parts.options;
    const attachments = unpackAttachments(packed);
    const signed = await sign(rootOnce(primitives, attachments));
    return this.submit({ ...signed, attachments });
  }

  /** The same submission shares its answer; what carries other signatures under that id waits until that one is decided. */
  async #shared({ receipt, signatures }: InFlight, given: SignedTransaction): Promise<Receipt> {
    if (sameSignatures(signatures, given.signatures)) return receipt;
    await receipt.catch(() => undefined);
    return this.submit(given);
  }

  async receipt(id: Uint8Array): Promise<Receipt | undefined> {
    this.#requireOpen();
    return this.#parts.reader.receipt(id);
  }

  /** A listener must not throw: one that does is dropped, with a warning of the process. */
  subscribe(listener: (block: FinalBlock) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // A wrapper per call: the same function may be subscribed twice.
    const each = (block: FinalBlock) => listener(block);
    this.#listeners.add(each);
    signal.addEventListener("abort", () => this.#listeners.delete(each), { once: true });
  }

  async health(): Promise<Health> {
    const { block } = this.#parts.producer.anchor;
    const figures = { size: block.size, sequence: block.sequence, queued: this.#queue.length };
    if (this.#problem === undefined) return { status: this.#closed === undefined ? "ok" : "failed", ...figures };
    const { fatal, error } = this.#problem;
    const problem = { code: error.code, message: error.message };
    return { status: fatal ? "failed" : "read-only", problem, ...figures };
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    this.#requireOpen();
    return this.#parts.reader.checkpoint();
  }

  leaves(from: number, to: number) {
    this.#requireOpen();
    return this.#parts.reader.leaves(from, to);
  }

  async inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    this.#requireOpen();
    return this.#parts.reader.inclusion(index, size);
  }

  async consistency(older: number, newer: number): Promise<readonly Uint8Array[]> {
    this.#requireOpen();
    return this.#parts.reader.consistency(older, newer);
  }

  async tile(path: string): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return this.#parts.reader.tile(path);
  }

  async read(key: string): Promise<ProvedValue> {
    this.#requireOpen();
    return this.#parts.reader.read(key);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    while (this.#queue.length > 0 && this.#problem?.fatal !== true) {
      if (this.#queue.ready) this.#produce();
      else await nextTurn();
    }
    this.#listeners.clear();
    const { remembered, store, lock } = this.#parts;
    remembered.close();
    try {
      store.close();
    } finally {
      lock.release();
    }
  }

  #requireOpen(): void {
    if (this.#problem?.fatal === true) throw this.#problem.error;
    if (this.#closed !== undefined) throw ledgerError("ledger/closed", "the engine was stopped");
  }

  /** Lets the process take in everything that is there to be submitted, then makes one block of it. */
  #schedule(): void {
    if (this.#scheduled !== undefined || !this.#queue.ready) return;
    const run = () => {
      this.#scheduled = undefined;
      if (this.#queue.ready) this.#produce();
      if (this.#queue.ready) this.#schedule();
    };
    this.#scheduled = run;
    if (this.#parts.limits.waitMs > 0) setTimeout(run, this.#parts.limits.waitMs);
    else setImmediate(run);
  }

  #produce(): void {
    const { producer, remembered } = this.#parts;
    const taken = this.#queue.take();
    for (const each of taken) if (each.verified === true) producer.markVerified(each.transaction);
    try {
      const { outcomes, block } = producer.produce(taken.map((each) => each.transaction));
      this.#problem = undefined;
      if (block !== undefined) remembered.remember(producer.anchor.checkpoint.note);
      taken.forEach((each, i) => answer(each, outcomes[i]));
      if (block !== undefined) this.#announce(block);
    } catch (error) {
      this.#failed(error, taken);
    }
  }

  /** A full disk passes; anything else means that state or store can no longer be trusted. */
  #failed(cause: unknown, taken: readonly Waiting[]): void {
    const known = knownError(cause);
    const fatal = known?.code !== "ledger/disk-full";
    const error = known ?? ledgerError("ledger/closed", "the engine stopped on a fault of its own", {}, { cause });
    this.#problem = { fatal, error };
    for (const each of taken) each.reject(error);
    this.#queue.fail(error);
  }

  #announce(block: FinalBlock): void {
    for (const listener of this.#listeners) {
      try {
        listener(block);
      } catch (error) {
        this.#listeners.delete(listener);
        process.emitWarning(error instanceof Error ? error : "a listener threw", "AnamnesisListener");
      }
    }
  }
}

function answer(waiting: Waiting, outcome: Receipt | Parameters<typeof refusalError>[0] | undefined): void {
  invariant(outcome !== undefined, "an outcome per transaction");
  if ("code" in outcome) waiting.reject(refusalError(outcome));
  else waiting.resolve(outcome);
}
