/**
 * The engine of a member that does not order: reads come from its replica, what it submits goes to the orderer and counts as
 * final once the replica holds it, that is, once it was executed and checked here.
 */
import { toHex } from "@anamnesis/core";
import {
  type Engine,
  type FinalBlock,
  type Health,
  ledgerError,
  type Receipt,
  type Signature,
  type SignedTransaction,
} from "@anamnesis/ledger";
import { sameSignatures } from "../receipts.ts";
import type { Replica } from "./replica.ts";

/** The way to whoever orders. */
export interface Orderer {
  /**
   * Resolves when the orderer says that the transaction is final. The same transaction may be submitted again at any time.
   * @throws AnamnesisError with the code of the refusal; `ledger/busy` when it cannot be reached or takes nothing now
   */
  submit(transaction: SignedTransaction, signal: AbortSignal): Promise<void>;
}

export interface FollowerOptions {
  readonly replica: Replica;
  readonly orderer: Orderer;
  /** Called when the orderer has something that is not here yet: look at once. */
  readonly onBehind: () => void;
  /** What keeps the replica from following, if anything does. */
  readonly problem: () => Health["problem"];
}

interface InFlight {
  readonly receipt: Promise<Receipt>;
  readonly signatures: readonly Signature[];
}

interface Waiting {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

export class FollowerEngine implements Engine {
  readonly #o: FollowerOptions;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #closed = new AbortController();

  constructor(options: FollowerOptions) {
    this.#o = options;
    options.replica.subscribe(({ receipts }) => {
      for (const receipt of receipts) this.#waiting.get(toHex(receipt.id))?.resolve(receipt);
    }, this.#closed.signal);
  }

  get genesis() {
    return this.#o.replica.genesis;
  }

  async submit(transaction: SignedTransaction): Promise<Receipt> {
    this.#requireOpen();
    const key = toHex(transaction.id);
    const waiting = this.#inFlight.get(key);
    if (waiting !== undefined) return this.#shared(waiting, transaction);
    const known = this.#o.replica.reader.receipt(transaction.id);
    if (known !== undefined) return known;
    const receipt = this.#submit(key, transaction);
    this.#inFlight.set(key, { receipt, signatures: transaction.signatures });
    try {
      return await receipt;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  /** As `EmbeddedEngine`: a forged signature under the same id must not decide about the right one. */
  async #shared({ receipt, signatures }: InFlight, given: SignedTransaction): Promise<Receipt> {
    if (sameSignatures(signatures, given.signatures)) return receipt;
    await receipt.catch(() => undefined);
    return this.submit(given);
  }

  async receipt(id: Uint8Array): Promise<Receipt | undefined> {
    this.#requireOpen();
    return this.#o.replica.reader.receipt(id);
  }

  subscribe(listener: (block: FinalBlock) => void, signal: AbortSignal): void {
    this.#o.replica.subscribe(
      ({ sequence, time, first, size, refused }) => listener({ sequence, time, first, size, refused }),
      signal,
    );
  }

  async health(): Promise<Health> {
    const { size, sequence } = this.#o.replica.newest;
    const figures = { size, sequence, queued: this.#inFlight.size };
    if (this.#closed.signal.aborted) return { status: "failed", ...figures };
    const problem = this.#o.problem();
    return problem === undefined ? { status: "ok", ...figures } : { status: "read-only", problem, ...figures };
  }

  async checkpoint() {
    return this.#reader.checkpoint();
  }

  leaves(from: number, to: number) {
    return this.#reader.leaves(from, to);
  }

  async inclusion(index: number, size: number) {
    return this.#reader.inclusion(index, size);
  }

  async consistency(older: number, newer: number) {
    return this.#reader.consistency(older, newer);
  }

  async tile(path: string) {
    return this.#reader.tile(path);
  }

  async read(key: string) {
    return this.#reader.read(key);
  }

  /** Waits for what is on its way; the replica stays open, it belongs to whoever opened it. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#inFlight.values()].map(({ receipt }) => receipt));
    this.#closed.abort();
  }

  /** Gives up what is on its way: each of them may be submitted again, to this engine or another. */
  abandon(): void {
    this.#stopped = true;
    const gone = ledgerError("ledger/closed", "stopped while a transaction was on its way: submit it again");
    for (const { reject } of this.#waiting.values()) reject(gone);
    this.#closed.abort();
  }

  #stopped = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** One after the other: two requests on their way at once may arrive in either order, and become final in it. */
  #inTurn(send: () => Promise<void>): Promise<void> {
    const sent = this.#turn.then(send);
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  async #submit(key: string, transaction: SignedTransaction): Promise<Receipt> {
    const here = new Promise<Receipt>((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
    here.catch(() => undefined);
    try {
      await Promise.race([this.#inTurn(() => this.#o.orderer.submit(transaction, this.#closed.signal)), here]);
      // It may have come in between the first look and the call.
      const receipt = this.#o.replica.reader.receipt(transaction.id);
      if (receipt !== undefined) return receipt;
      this.#o.onBehind();
      return await here;
    } finally {
      this.#waiting.delete(key);
    }
  }

  get #reader() {
    this.#requireOpen();
    return this.#o.replica.reader;
  }

  #requireOpen(): void {
    if (this.#stopped) throw ledgerError("ledger/closed", "the engine was stopped");
  }
}
