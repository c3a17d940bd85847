/** Transactions that wait for their block, in the order of their submission. */
import type { AnamnesisError } from "@anamnesis/core";
import { ledgerError, type Receipt } from "@anamnesis/ledger";
import type { Admitted } from "./admission.ts";
import type { EngineLimits } from "./limits.ts";

export interface Waiting extends Admitted {
  /** Whether all its signatures fit keys of members; undefined while that is not known yet. */
  verified: boolean | undefined;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

export class Queue {
  readonly #limits: EngineLimits;
  readonly #onReady: () => void;
  #waiting: Waiting[] = [];
  #bytes = 0;

  /** @param onReady called when something that waited for its signatures can be taken, or has left */
  constructor(limits: EngineLimits, onReady: () => void) {
    this.#limits = limits;
    this.#onReady = onReady;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Takes its place at once, so that the order is that of submission; it leaves as soon as a signature turns out to be wrong.
   * @throws AnamnesisError `ledger/busy`
   */
  push(admitted: Admitted, verified: boolean | Promise<boolean>): Promise<Receipt> {
    const { queuedTransactions, queuedBytes } = this.#limits;
    if (this.#waiting.length >= queuedTransactions || this.#bytes + admitted.bytes > queuedBytes) {
      // Nobody waits for the verdict any more, and an unheard rejection would end the process.
      if (typeof verified !== "boolean") verified.catch(() => undefined);
      throw ledgerError("ledger/busy", "too many transactions wait: submit again later", { waiting: this.length });
    }
    this.#bytes += admitted.bytes;
    return new Promise((resolve, reject) => {
      const settled = typeof verified === "boolean";
      const waiting: Waiting = { ...admitted, resolve, reject, verified: settled ? verified : undefined };
      this.#waiting.push(waiting);
      if (!settled) this.#awaitSignatures(waiting, verified);
    });
  }

  #awaitSignatures(waiting: Waiting, verified: Promise<boolean>): void {
    const settle = verified.then(
      (known) => {
        waiting.verified = known;
      },
      (error: unknown) => {
        const place = this.#waiting.indexOf(waiting);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        this.#bytes -= waiting.bytes;
        waiting.reject(error);
      },
    );
    void settle.then(this.#onReady);
  }

  /** Whether a block can be made now. */
  get ready(): boolean {
    return this.#waiting[0]?.verified !== undefined;
  }

  /** What the next block takes: nothing behind a transaction whose signatures are not known yet. */
  take(): Waiting[] {
    const { blockTransactions, blockBytes } = this.#limits;
    let count = 0;
    let bytes = 0;
    for (const each of this.#waiting) {
      if (each.verified === undefined) break;
      if (count > 0 && (count >= blockTransactions || bytes + each.bytes > blockBytes)) break;
      count++;
      bytes += each.bytes;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Tells everybody who waits that nothing will come of it. */
  fail(error: AnamnesisError): void {
    const failed = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const each of failed) each.reject(error);
  }
}
