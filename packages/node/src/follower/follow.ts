/** Keeps a replica at the newest checkpoint of a log, as long as the log can be reached and keeps its rules. */
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import { catchUp, type FollowedLog, LogRefused, type Replica } from "@anamnesis/embedded";
import { primitives, systemClock } from "../system.ts";

export type FollowState =
  /** Nothing was heard of the log yet. */
  | { readonly kind: "starting" }
  | { readonly kind: "following" }
  /** Further behind than one look takes; `total` leaves are there. */
  | { readonly kind: "catching-up"; readonly total: number }
  /** The log cannot be reached, or gives nothing that can be used; what is here is served, and nothing can be submitted. */
  | { readonly kind: "cut-off"; readonly sinceMs: number; readonly code: string }
  /** The log contradicts itself or its rules: nothing more is taken from it. */
  | { readonly kind: "refused"; readonly sinceMs: number; readonly why: string };

export interface FollowOptions {
  readonly replica: Replica;
  readonly log: FollowedLog;
  /** Called when the state changes its kind. */
  readonly onState?: (state: FollowState) => void;
  readonly onProgress?: (size: number, total: number) => void;
  /** Called once, when the log is refused, with what convicts its orderer. */
  readonly onRefused?: (refused: LogRefused) => Promise<void>;
  readonly pace?: Partial<typeof PACE>;
}

/** While a replica catches up, whoever asks this node waits no longer than for one lot. */
const LOTS = { now: () => performance.now(), lotMs: 50, rest: () => turn() };

/** Milliseconds between two looks while all is well, and the longest pause between two tries while it is not. */
const PACE = { lookMs: 500, retryMsMin: 250, retryMsMax: 5000 };

export class Follow {
  readonly #o: FollowOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #first: Promise<void>;
  #state: FollowState = { kind: "starting" };
  #wake: () => void = () => undefined;
  #asked = false;

  constructor(options: FollowOptions) {
    this.#o = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#first = promise;
    this.#done = this.#run(resolve);
  }

  get state(): FollowState {
    return this.#state;
  }

  /** Resolves when the replica was level with the log for the first time; never, if that does not happen. */
  get caughtUp(): Promise<void> {
    return this.#first;
  }

  /** There is something new: look at once. */
  look(): void {
    this.#asked = true;
    this.#wake();
  }

  /** Resolves when the replica has at least `size` leaves, or after `ms`. */
  async reach(size: number, ms: number): Promise<boolean> {
    const { replica } = this.#o;
    const stop = new AbortController();
    const reached = new Promise<void>((resolve) => {
      replica.subscribe((block) => {
        if (block.size >= size) resolve();
      }, stop.signal);
    });
    if (replica.newest.size < size) {
      this.look();
      await Promise.race([reached, pause(ms, AbortSignal.any([stop.signal, this.#stop.signal]))]);
    }
    stop.abort();
    return replica.newest.size >= size;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(first: () => void): Promise<void> {
    const pace = { ...PACE, ...this.#o.pace };
    let retryMs = pace.retryMsMin;
    while (!this.#stop.signal.aborted && this.#state.kind !== "refused") {
      this.#asked = false;
      try {
        await this.#look();
        first();
        retryMs = pace.retryMsMin;
        await this.#pause(pace.lookMs);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        await this.#failed(error);
        await this.#pause(retryMs);
        retryMs = Math.min(2 * retryMs, pace.retryMsMax);
      }
    }
  }

  async #look(): Promise<void> {
    const { replica, log, onProgress } = this.#o;
    const { signal } = this.#stop;
    const seen = (size: number, total: number): void => {
      if (size < total) this.#become({ kind: "catching-up", total });
      onProgress?.(size, total);
    };
    await catchUp(replica, log, { primitives, signal, onProgress: seen, pace: LOTS });
    this.#become({ kind: "following" });
  }

  async #failed(error: unknown): Promise<void> {
    const sinceMs = systemClock.now();
    if (error instanceof LogRefused) {
      this.#become({ kind: "refused", sinceMs, why: error.message });
      await this.#o.onRefused?.(error).catch(() => undefined);
      return;
    }
    const code = codeOf(error) ?? "internal";
    if (this.#state.kind !== "cut-off" || this.#state.code !== code) this.#become({ kind: "cut-off", sinceMs, code });
  }

  #become(state: FollowState): void {
    const changed = state.kind !== this.#state.kind;
    this.#state = state;
    if (changed) this.#o.onState?.(state);
  }

  /** Ends early when somebody asks for a look. */
  async #pause(ms: number): Promise<void> {
    if (this.#asked) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(ms, AbortSignal.any([woken.signal, this.#stop.signal]));
    this.#wake = () => undefined;
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
