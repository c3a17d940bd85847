/** Transactions that wait for their block, in the order of their submission. */
import type { AnamnesisError } from "@anamnesis/core";
import { ledgerError, type Receipt } from "@anamnesis/ledger";
import type { Admitted } from "./admission.ts";
import type { EngineLimits } from "./limits.ts";

export interface Waiting extends Admitted {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

export class Queue {
  readonly #limits: EngineLimits;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(limits: EngineLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @throws AnamnesisError `ledger/busy` */
  push(admitted: Admitted): Promise<Receipt> {
    const { queuedTransactions, queuedBytes } = this.#limits;
    if (this.#waiting.length >= queuedTransactions || this.#bytes + admitted.bytes > queuedBytes) {
      throw ledgerError("ledger/busy", "too many transactions wait: submit again later", { waiting: this.length });
    }
    this.#bytes += admitted.bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...admitted, resolve, reject });
    });
  }

  /** What the next block takes: at least one. */
  take(): Waiting[] {
    const { blockTransactions, blockBytes } = this.#limits;
    let count = 0;
    let bytes = 0;
    for (const each of this.#waiting) {
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
