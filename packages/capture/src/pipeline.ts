/** `runCapture`: sessions with the source, one after the other, until it is done or stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import type { CaptureOptions, CaptureProgress, CaptureSummary } from "./capture.ts";
import type { CaptureErrorCode } from "./errors.ts";
import { giveUp, RETENTION_LIMITS, type RetentionState, RetentionWatch } from "./limits/retention.ts";
import { Session, type Shared } from "./session.ts";
import { RestoredSignal } from "./streaming.ts";

const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 10_000;
const REPORT_MS = 100;
/** Each is a gap on the ledger: a source that goes on losing new positions is for an operator to look at. */
const SLOTS_LOST_MAX = 3;

/**
 * Captures a source: baseline, then stream, with no gap and no double (spec/capture.md). Resolves when it is caught up
 * (if asked) or when the signal aborts; a lost database is waited for and gone on with.
 * @throws AnamnesisError with a `capture/…` code for what an operator must put right, and errors of the engine.
 */
export async function runCapture(options: CaptureOptions): Promise<CaptureSummary> {
  const run = new Run(options);
  let wait = BACKOFF_MS_MIN;
  for (;;) {
    const before = run.shared.events;
    const watch = new RetentionWatch(options.source, options.limits ?? RETENTION_LIMITS, (state) =>
      run.retained(state),
    );
    const signal = AbortSignal.any([options.signal, watch.signal]);
    let isLost = false;
    try {
      const ended = await new Session({ ...options, signal }, run.shared).run().finally(() => watch.stop());
      // The catalog has changed: what is captured is read anew, at once.
      if (ended === "again" && !signal.aborted) continue;
      if (!watch.signal.aborted) return run.summary();
    } catch (error) {
      if (options.signal.aborted) return run.summary();
      if (error instanceof RestoredSignal) continue;
      // Stopped by the watch, whatever it was busy with is no failure.
      if (!watch.signal.aborted) isLost = run.mustRetry(error) === "capture/slot-lost";
      if (run.shared.events > before) wait = BACKOFF_MS_MIN;
    }
    if (watch.signal.aborted) await run.giveUp("capture/slot-given-up");
    else if (isLost) await run.giveUp("capture/slot-lost");
    await sleep(wait, undefined, { signal: options.signal }).catch(() => undefined);
    wait = Math.min(2 * wait, BACKOFF_MS_MAX);
  }
}

class Run {
  readonly shared: Shared;
  readonly #o: CaptureOptions;
  #reached = false;
  #lost = 0;
  #reported = Number.NEGATIVE_INFINITY;
  /** What was in the way when it was reported last. */
  #code: string | undefined;
  #retention: RetentionState | undefined;

  constructor(options: CaptureOptions) {
    this.#o = options;
    const { primitives, signer, chain, sourceId, now = Date.now } = options;
    this.shared = {
      signer: { primitives, signer, chain, source: sourceId, now, nonce: 0 },
      restoredAfter: undefined,
      declared: [],
      events: 0,
      batches: 0,
      ignored: 0,
      report: (progress) => this.#report(progress),
    };
  }

  /** Says what is in the way, and throws it when waiting does not help. */
  mustRetry(error: unknown): string {
    if (!this.mayRetry(error)) throw error;
    const code = codeOf(error) ?? "unknown";
    if (code === "capture/slot-lost" && ++this.#lost > SLOTS_LOST_MAX) throw error;
    this.shared.report({ phase: "reconnecting", code });
    return code;
  }

  /** The next session finds no position, and declares the gap. */
  async giveUp(code: CaptureErrorCode): Promise<void> {
    try {
      await giveUp(this.#o.source, this.#o.signal);
      this.shared.report({ phase: "reconnecting", code });
    } catch (error) {
      this.mustRetry(error);
    }
  }

  /** A source that answered once is waited for; one that never did only when asked to be patient. */
  mayRetry(error: unknown): boolean {
    const code = codeOf(error);
    if (code === "capture/connection-lost" || code === "capture/catalog-changed") return true;
    if (code === "capture/slot-lost") return true; // a new position, behind a gap
    if (code === "capture/disk-full") return true; // what was not written is still in the source's log
    // Our own stream, or that of a former process, whose end the server has not noticed yet.
    if (code === "capture/slot-busy") return this.#reached || this.#o.patient === true;
    // Somebody is busy with a table that is new: the next session publishes it.
    if (code === "capture/table-held") return this.#reached || this.#o.patient === true;
    if (code === "capture/cannot-connect") return this.#reached || this.#o.patient === true;
    return code === undefined && isConnectionError(error);
  }

  /** Written down for whoever asks from outside, when it says something new. */
  retained(state: RetentionState): void {
    if (state.level !== this.#retention?.level || state.level !== "fine") this.#o.progress.setRetention(state);
    this.#retention = state;
  }

  summary(): CaptureSummary {
    const { events, batches, declared, ignored } = this.shared;
    return { events, batches, declared: [...declared], ignored, passed: this.#o.progress.passed() ?? 0n };
  }

  #report(progress: Partial<CaptureProgress> & Pick<CaptureProgress, "phase">): void {
    if (progress.phase === "streaming" || progress.phase === "baseline") this.#reached = true;
    const time = performance.now();
    // What is in the way is told at once, and what goes on every now and then.
    const isNews = progress.code !== this.#code;
    if (this.#o.onProgress === undefined || (!isNews && time - this.#reported < REPORT_MS)) return;
    this.#reported = time;
    this.#code = progress.code;
    const { events, batches } = this.shared;
    const retention = this.#retention === undefined ? {} : { retention: this.#retention };
    this.#o.onProgress({ events, batches, passed: 0n, pending: 0, newest: 0, ...retention, ...progress });
  }
}

/** What the driver throws when the server goes away under a query. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return /^(?:57P|08|E[A-Z]+$)/.test(code) || /^Connection terminated|^Client has encountered/.test(error.message);
}
