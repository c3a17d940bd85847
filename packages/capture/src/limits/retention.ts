/**
 * The source's own log is kept for us until we have read it, on the hospital's disk. While capture runs it watches how much
 * that is: above one limit it says so, above the next it gives its position up. What was written meanwhile is then a
 * declared gap on the ledger, and what verify finds in it stays a finding; but the hospital's database works on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import type { Retention, Source } from "../source.ts";

export interface RetentionLimits {
  /** Say so from here on. */
  readonly warnBytes: number;
  /** Give the position up from here on. */
  readonly giveUpBytes: number;
  /** Time between two looks. Default 10 s. */
  readonly everyMs?: number;
}

export const RETENTION_LIMITS: RetentionLimits = { warnBytes: 1024 ** 3, giveUpBytes: 8 * 1024 ** 3 };

export type RetentionLevel = "fine" | "warn" | "give-up";

export interface RetentionState extends Retention {
  readonly level: RetentionLevel;
}

const EVERY_MS = 10_000;
const FORGET_MS_MAX = 20_000;
const FORGET_POLL_MS = 200;

/** The second warning: the source will give the position up by itself, and more than half of the way is gone. */
export function levelOf({ bytes, left }: Retention, limits: RetentionLimits): RetentionLevel {
  if (bytes >= limits.giveUpBytes) return "give-up";
  return bytes >= limits.warnBytes || (left !== undefined && left < bytes) ? "warn" : "fine";
}

/** Looks again and again, beside one session with the source. */
export class RetentionWatch {
  readonly #source: Source;
  readonly #limits: RetentionLimits;
  readonly #onState: (state: RetentionState) => void;
  readonly #stop = new AbortController();
  readonly #over = new AbortController();

  constructor(source: Source, limits: RetentionLimits, onState: (state: RetentionState) => void) {
    this.#source = source;
    this.#limits = limits;
    this.#onState = onState;
    void this.#run();
  }

  /** Aborts when the position must be given up. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && !this.#over.signal.aborted) {
      await sleep(this.#limits.everyMs ?? EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // A source that does not answer is the session's trouble, and it will say so.
      const retention = await this.#source.retention?.().catch(() => undefined);
      if (retention === undefined || signal.aborted) continue;
      const level = levelOf(retention, this.#limits);
      this.#onState({ ...retention, level });
      if (level === "give-up") this.#over.abort();
    }
  }
}

/** Makes the source forget the position; whoever streamed from it a moment ago may need a moment to be gone. */
export async function giveUp(source: Source, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + FORGET_MS_MAX; ; await sleep(FORGET_POLL_MS)) {
    try {
      return await source.forget();
    } catch (error) {
      if (codeOf(error) !== "capture/slot-busy" || performance.now() > end || signal.aborted) throw error;
    }
  }
}
