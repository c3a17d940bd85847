/** How many blocks go into one durable transaction of a replica: enough to share the flush, few enough to stay small. */
import type { LoggedBlock } from "./objection.ts";
import type { Replica } from "./replica.ts";

/** For a process that does other things in the same thread. */
export interface LotPace {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds that applying one lot should take at most. A single block takes as long as it takes. */
  readonly lotMs: number;
  /** Called after each lot: lets the rest of the process have its turn. */
  rest(): Promise<void>;
}

/** What a lot needs of a replica. */
export type Applying = Pick<Replica, "apply" | "verifyAside">;

const MOST = { blocks: 128, bytes: 2 * 1024 * 1024 };
/** Share of `MOST` that the first lot takes, and the smallest. */
const SHARE = { first: 1 / 16, least: 1 / 256 };

/** Gathers blocks, and learns from how long the last lot took how large the next may be. */
export class Lot {
  readonly #replica: Applying;
  readonly #checks: Promise<void>[] = [];
  readonly #pace: LotPace | undefined;
  #share: number;
  #blocks: LoggedBlock[] = [];
  #bytes = 0;

  /** Without a pace lots are as large as they may be. */
  constructor(replica: Applying, pace: LotPace | undefined) {
    this.#replica = replica;
    this.#pace = pace;
    this.#share = pace === undefined ? 1 : SHARE.first;
  }

  add(block: LoggedBlock): void {
    this.#blocks.push(block);
    this.#checks.push(this.#replica.verifyAside(block));
    this.#bytes += block.leaves.reduce((sum, leaf) => sum + leaf.length, 0);
  }

  get isFull(): boolean {
    return this.#blocks.length >= MOST.blocks * this.#share || this.#bytes >= MOST.bytes * this.#share;
  }

  /** Applies what was gathered, once its signatures were looked at, if anything was. @throws what `apply` throws */
  async keep(): Promise<void> {
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#bytes = 0;
    if (blocks.length === 0) return;
    await Promise.all(this.#checks.splice(0));
    const pace = this.#pace;
    const from = pace?.now() ?? 0;
    this.#replica.apply(blocks);
    if (pace === undefined) return;
    this.#learn(pace.now() - from, pace.lotMs);
    await pace.rest();
  }

  /** Grows slowly and shrinks at once. */
  #learn(tookMs: number, lotMs: number): void {
    const fitting = this.#share * (lotMs / Math.max(tookMs, 0.001));
    this.#share = Math.min(1, Math.max(SHARE.least, Math.min(fitting, 2 * this.#share)));
  }
}
