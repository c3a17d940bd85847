/** Following the stream: skips what is final, seals the rest, acknowledges what has passed. */
import type { Position } from "@anamnesis/contracts";
import type { CaptureOptions } from "./capture.ts";
import type { Companion } from "./companion.ts";
import type { Flow } from "./flow.ts";
import { Interludes } from "./interludes.ts";
import type { Replay } from "./resume.ts";
import type { Shared } from "./session.ts";
import type { Change, Stream, StreamHandler, TableSchema, TransactionStart } from "./source.ts";

/** How often what has passed is written down and acknowledged. */
const SETTLE_MS = 100;
/** Markers may come in floods: so often, and not more, passing one is written down at once. */
const SOON_MS = 5;
const STOP_MS_MAX = 3_000;
const TOKEN = /^[A-Za-z0-9-]{1,64}$/;

/** The source delivered other transactions than the ledger knows: it was put back. */
export class RestoredSignal extends Error {}

export interface StreamingStart {
  readonly from: Position;
  readonly replay: Replay | undefined;
  readonly companion: Companion | undefined;
  /** End of the source's log as it was when the session began; undefined: that was long ago. */
  readonly end: bigint | undefined;
}

export class Streaming implements StreamHandler {
  readonly #o: CaptureOptions;
  readonly #shared: Shared;
  readonly #flow: Flow;
  readonly #replay: Replay | undefined;
  readonly #from: Position;
  readonly #logEnd: bigint | undefined;
  readonly #stop = new AbortController();
  readonly #interludes: Interludes;
  #stream: Stream | undefined;
  #paused = false;
  #inside = false;
  #ending = false;
  /** What the ledger had when the session began has been delivered again: only then may something new follow it. */
  #abreast = false;
  #transaction: TransactionStart = { lsn: 0n, xid: 0n, time: 0 };
  #reached: Position;
  #settled = 0n;
  /** The catalog may have changed before this position, which is not noted yet. */
  #catalogChange: bigint | undefined;
  #target: bigint | undefined;
  #departed = false;
  #end: (() => void) | undefined;
  readonly #companion: Companion | undefined;
  #changed = false;
  #poked = false;
  #settling: NodeJS.Timeout | undefined;
  #settledAt = 0;

  constructor(options: CaptureOptions, shared: Shared, flow: Flow, { from, replay, companion, end }: StreamingStart) {
    this.#o = options;
    this.#shared = shared;
    this.#flow = flow;
    this.#companion = companion;
    this.#from = from;
    this.#logEnd = end;
    this.#reached = from;
    this.#replay = replay;
    this.#interludes = new Interludes(
      [flow.contradictions, ...(companion?.attach(flow) ?? []), ...(options.interludes ?? [])],
      flow,
    );
  }

  /** Whether it ended because the source's catalog has changed. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Runs until caught up (if asked), `until`, the signal, or an error. Gives the position reached. */
  async run(failure: AbortSignal, until?: bigint): Promise<Position> {
    const { source, signal, untilCaughtUp } = this.#o;
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    if (untilCaughtUp === true && until === undefined) {
      this.#target = this.#logEnd ?? (await source.life()).end;
      this.#flow.marks.watch(this.#target, () => this.#settle());
    }
    const stopped = aborted(signal);
    this.#flow.marks.listen(() => this.#settleSoon());
    const timer = setInterval(() => this.#tick(), SETTLE_MS);
    try {
      this.#stream = await source.stream(this, {
        signal: this.#stop.signal,
        ...(until === undefined ? {} : { until }),
      });
      this.#stream.acknowledge(this.#settled);
      if (this.#paused) this.#stream.pause();
      this.#shared.report({ phase: "streaming" });
      this.#companion?.start(
        () => this.#poke(),
        () => this.#renew(),
      );
      await Promise.race([this.#stream.done, ended, stopped.promise, aborted(failure).promise]);
      await this.#finish(failure);
      return this.#reached;
    } finally {
      clearInterval(timer);
      clearTimeout(this.#settling);
      stopped.release();
      this.#stop.abort();
      await this.#stream?.done.catch(() => undefined);
    }
  }

  begin(start: TransactionStart): void {
    this.#transaction = start;
    this.#inside = true;
    const replay = this.#replay;
    if (replay !== undefined && (replay.differs(start) || !replay.complete(start.lsn))) throw this.#restored(replay);
    this.#flow.sealer.begin(start, this.#finalOrdinals(start.lsn));
  }

  change(change: Change): void {
    this.#flow.sealer.change(change);
    if (this.#flow.full && !this.#paused) this.#hold();
  }

  commit(end: bigint): void {
    const { position, events } = this.#flow.sealer;
    const replay = this.#replay;
    if (replay?.covers(this.#transaction.lsn) === true && !replay.repeats(this.#transaction, events)) {
      throw this.#restored(replay);
    }
    if (events > 0 && this.#transaction.lsn > this.#reached.lsn) this.#reached = position;
    this.#pass(end);
    this.#inside = false;
    if (this.#transaction.lsn >= this.#from.lsn) this.#abreast = true;
    this.#endIfChanged();
    this.#interlude();
  }

  idle(position: bigint): void {
    if (this.#replay?.complete(position) === false) throw this.#restored(this.#replay);
    this.#pass(position);
    if (position > this.#from.lsn) this.#abreast = true;
    this.#endIfChanged();
    this.#interlude();
  }

  barrier(token: string): void {
    // Anybody may write such a message: what is no marker of ours is not kept.
    if (!TOKEN.test(token)) return this.ignored("malformed-message", 0);
    this.#flow.barrier(token);
  }

  layout(table: TableSchema): void {
    this.#companion?.meet(table);
  }

  catalogChanged(position: bigint): void {
    this.#catalogChange = position;
    this.#companion?.catalogChanged();
  }

  ignored(_what: string, ordinals: number): void {
    this.#shared.ignored++;
    this.#flow.sealer.pass(ordinals);
  }

  #interlude(): void {
    if (this.#inside || !this.#abreast || this.#paused || this.#ending) return;
    this.#reached = this.#interludes.run(this.#reached);
    if (this.#flow.full) this.#hold();
  }

  /** Lets the interludes speak as soon as what is being handled now is through. */
  #poke(): void {
    if (this.#poked) return;
    this.#poked = true;
    setImmediate(() => {
      this.#poked = false;
      this.#speak();
    });
  }

  /** The session ends, between two transactions, because tables have to be read anew. */
  #renew(): void {
    this.#changed = true;
    this.#endIfChanged();
  }

  /** Not before what the ledger has was delivered again: what changes have shown could not be told. */
  #endIfChanged(): void {
    if (this.#changed && this.#abreast && !this.#inside) this.#end?.();
  }

  #pass(position: bigint): void {
    this.#flow.reach(position);
    this.#leaveAtEnd(position);
    this.#settleSoon();
  }

  /** Nothing will fill the last batch: it does not wait. Once, for the source may go on for a while. */
  #leaveAtEnd(position: bigint): void {
    if (this.#departed || this.#target === undefined || position < this.#target) return;
    this.#departed = true;
    this.#flow.depart();
  }

  /** When somebody waits for it; otherwise the next tick is early enough. */
  #settleSoon(): void {
    if (this.#settling !== undefined || this.#ending) return;
    if (!this.#flow.marks.isBarrierPassed && this.#companion?.waits !== true) return;
    const waited = performance.now() - this.#settledAt;
    this.#settling = setTimeout(() => this.#settle(), Math.max(0, SOON_MS - waited));
  }

  /** How many events of this transaction are on the ledger already. */
  #finalOrdinals(lsn: bigint): number {
    const { lsn: known, ordinal } = this.#from;
    return lsn < known ? Number.MAX_SAFE_INTEGER : lsn === known ? ordinal : 0;
  }

  #restored(replay: Replay): RestoredSignal {
    this.#shared.restoredAfter = { lsn: replay.lastSame };
    return new RestoredSignal("the source was put back to an earlier state");
  }

  #hold(): void {
    this.#paused = true;
    this.#stream?.pause();
    this.#flow.relief().then(
      () => {
        this.#paused = false;
        this.#stream?.resume();
        this.#poke();
      },
      () => undefined,
    );
  }

  /** An exception of an interlude ends the session as one of the stream does. */
  #speak(): void {
    try {
      this.#interlude();
    } catch (error) {
      this.#flow.fail(error);
    }
  }

  #tick(): void {
    this.#speak();
    this.#settle();
  }

  /** Indexes what is final and writes down what has passed (fsync), then tells the source, then the verifiers that wait. */
  #settle(): void {
    const { progress, onBarrier } = this.#o;
    this.#flow.index();
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#settledAt = performance.now();
    const { hold, mustRepeat } = this.#flow.contradictions;
    const passed = lesser(this.#flow.marks.passed, hold);
    if (passed > this.#settled) {
      this.#noteCatalogChange();
      progress.setPassed(passed, this.#flow.finalTo);
      this.#settled = passed;
      this.#stream?.acknowledge(passed);
    }
    const tokens = hold === undefined ? this.#flow.marks.takeBarriers() : [];
    if (tokens.length > 0) progress.passBarrier(...tokens);
    for (const token of tokens) onBarrier?.(token);
    this.#companion?.passed(passed, tokens);
    this.#interludes.final(this.#flow.finalTo);
    if (mustRepeat) this.#renew();
    const { pending, waiting } = this.#flow;
    const phase =
      waiting === undefined ? { phase: "streaming" as const } : { phase: "waiting" as const, code: waiting };
    this.#shared.report({ ...phase, passed: this.#settled, pending, newest: this.#transaction.time });
    if (this.#target === undefined || this.#settled < this.#target || this.#interludes.pending) return;
    this.#end?.();
  }

  /** Before it counts as passed: then whoever waits for that waits for the look at the catalog as well. */
  #noteCatalogChange(): void {
    if (this.#catalogChange === undefined) return;
    this.#o.progress.setCatalogChanged(this.#catalogChange);
    this.#catalogChange = undefined;
  }

  /** What changes have shown must be told before a session with other keys begins: there they have other handles. */
  async #tellAll(): Promise<void> {
    const { contradictions } = this.#flow;
    const last = new Interludes([contradictions], this.#flow);
    while (contradictions.due() && this.#abreast && !this.#inside) {
      this.#reached = last.run(this.#reached);
      await this.#flow.drain();
    }
  }

  /** What was read becomes final and is acknowledged, within a limit when we are being stopped. */
  async #finish(failure: AbortSignal): Promise<void> {
    this.#stream?.pause();
    this.#ending = true;
    await this.#companion?.stop();
    failure.throwIfAborted();
    const drained = this.#flow.drain();
    if (this.#o.signal.aborted) {
      drained.catch(() => undefined);
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, STOP_MS_MAX).unref())]);
    } else {
      await drained;
      await this.#tellAll();
    }
    this.#settle();
  }
}

const lesser = (a: bigint, b: bigint | undefined): bigint => (b === undefined || a < b ? a : b);

function aborted(signal: AbortSignal): { readonly promise: Promise<void>; release(): void } {
  let listener: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => {
    listener = () => resolve();
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", listener, { once: true });
  });
  return { promise, release: () => listener && signal.removeEventListener("abort", listener) };
}
