/**
 * Submits batches in order, several at a time. A batch that cannot be taken now (disk full, queue full) is submitted
 * again, and with it all behind it: the ledger refuses those on its own, because they do not continue its position.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import type { Receipt } from "@anamnesis/ledger";
import type { Batch } from "./batcher.ts";
import { captureError } from "./errors.ts";

/** Batches handed to the engine at the same time. */
const IN_FLIGHT_MAX = 4;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
const SUSPENDED_RETRY_MS_MAX = 30_000;

/** Refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(["ledger/busy", "ledger/disk-full", "events/over-quota"]);
/** Passes when the members say so, in days or never. */
const SUSPENDED = "ledger/key-suspended";
/** Refusals of the signature's frame, not of the content: signing again is enough. */
const FRAME: ReadonlySet<string> = new Set(["ledger/nonce-repeated", "ledger/expired"]);
const FRAME_RETRIES_MAX = 10;

interface Entry {
  readonly batch: Batch;
  state: "waiting" | "sent" | "final" | "failed";
  receipt?: Receipt;
  error?: unknown;
}

export interface SubmitterOptions {
  /** Signs the batch and submits it. */
  readonly submit: (batch: Batch) => Promise<Receipt>;
  /** Before a batch is signed again because of its nonce or its time: asks the ledger where they are. */
  readonly renew?: (refusals: number) => Promise<void>;
  /** Called for each batch in order once it is final. */
  readonly onFinal: (batch: Batch, receipt: Receipt) => void;
  /** Called when nothing can be submitted for now, with the code. */
  readonly onWaiting: (code: string) => void;
  /** Waits also while the organisation is suspended, instead of giving up. */
  readonly patient?: boolean;
  /** Called once, when a batch failed for good: nothing is submitted any more. */
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class Submitter {
  readonly #o: SubmitterOptions;
  readonly #entries: Entry[] = [];
  #sent = 0;
  #recovering = false;
  #retryMs = RETRY_MS_MIN;
  #frameRetries = 0;
  #waiting: string | undefined;
  #failure: unknown;
  #wake: (() => void)[] = [];

  constructor(options: SubmitterOptions) {
    this.#o = options;
  }

  /** Batches that are not yet final. */
  get outstanding(): number {
    return this.#entries.length;
  }

  /** Why nothing can be submitted for now, as a code. */
  get waiting(): string | undefined {
    return this.#waiting;
  }

  add(batch: Batch): void {
    this.#entries.push({ batch, state: "waiting" });
    this.#pump();
  }

  /** Resolves when at most `left` batches are outstanding; rejects when a batch failed for good. */
  async below(left: number): Promise<void> {
    while (this.#failure === undefined && this.#entries.length > left) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when nothing is on its way any more, whatever became of it. */
  async settled(): Promise<void> {
    while (this.#sent > 0) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #pump(): void {
    for (const entry of this.#entries) {
      if (this.#recovering || this.#failure !== undefined || this.#sent >= IN_FLIGHT_MAX) return;
      if (entry.state === "waiting") this.#send(entry);
    }
  }

  #send(entry: Entry): void {
    entry.state = "sent";
    this.#sent++;
    void this.#o
      .submit(entry.batch)
      .then(
        (receipt) => {
          entry.state = "final";
          entry.receipt = receipt;
        },
        (error: unknown) => {
          entry.state = "failed";
          entry.error = error;
          this.#recovering = true;
        },
      )
      .then(() => this.#settle())
      .catch((error: unknown) => this.#fail(error));
  }

  #settle(): void {
    this.#sent--;
    for (let first = this.#entries[0]; first?.receipt !== undefined; first = this.#entries[0]) {
      this.#o.onFinal(first.batch, first.receipt);
      this.#entries.shift();
      this.#retryMs = RETRY_MS_MIN;
      this.#frameRetries = 0;
      this.#waiting = undefined;
    }
    if (this.#recovering && this.#sent === 0) void this.#recover();
    else this.#pump();
    this.#awake();
  }

  async #recover(): Promise<void> {
    const first = this.#entries[0];
    const code = codeOf(first?.error) ?? "";
    const passing = PASSING.has(code) || (code === SUSPENDED && this.#o.patient === true);
    const again = passing || (FRAME.has(code) && this.#frameRetries++ < FRAME_RETRIES_MAX);
    if (!again) return this.#fail(refusal(first?.error));
    if (FRAME.has(code)) {
      try {
        await this.#o.renew?.(this.#frameRetries);
      } catch (error) {
        return this.#fail(error);
      }
    }
    if (passing) {
      this.#waiting = code;
      this.#o.onWaiting(code);
      await sleep(this.#retryMs, undefined, { signal: this.#o.signal }).catch(() => undefined);
      this.#retryMs = Math.min(2 * this.#retryMs, code === SUSPENDED ? SUSPENDED_RETRY_MS_MAX : RETRY_MS_MAX);
      if (this.#o.signal.aborted) return this.#fail(captureError("capture/stopped", "stopped while waiting"));
    }
    for (const entry of this.#entries) if (entry.state === "failed") entry.state = "waiting";
    this.#recovering = false;
    this.#pump();
  }

  #fail(error: unknown): void {
    if (this.#failure === undefined) {
      this.#failure = error;
      this.#o.onFailure(error);
    }
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

function refusal(cause: unknown) {
  const code = codeOf(cause) ?? "unknown";
  const why = cause instanceof Error ? cause.message : "unknown reason";
  return captureError("capture/refused-batch", `${why} (${code})`, { refusal: code }, { cause });
}
