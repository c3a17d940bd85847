/**
 * Positions waiting for their events: a position has passed when every batch with events before it is final and indexed.
 * Bounded: positions behind the same batch replace each other, because only the last one matters.
 */
interface Mark {
  readonly batch: number;
  position: bigint;
}

/** Anybody in the database may write markers: of a flood, the newest are kept. */
const TOKENS_MAX = 1_000;

export class Marks {
  readonly #marks: Mark[] = [];
  #tokens: { readonly batch: number; readonly token: string }[] = [];
  #final = 0;
  #passed = 0n;
  #listener: () => void = () => undefined;
  #watched: { readonly position: bigint; readonly listener: () => void } | undefined;

  /** Everything before it is final and indexed. */
  get passed(): bigint {
    return this.#passed;
  }

  /** Calls `listener` once everything before `position` has passed. One at a time. */
  watch(position: bigint, listener: () => void): void {
    this.#watched = { position, listener };
    this.#advance();
  }

  /** Notes that everything before `position` is in batches up to `batch`. */
  reach(position: bigint, batch: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && last.batch === batch) last.position = position > last.position ? position : last.position;
    else this.#marks.push({ batch, position });
    this.#advance();
  }

  /** A verifier's marker: passed together with batch `batch`. */
  barrier(token: string, batch: number): void {
    if (this.#tokens.length >= TOKENS_MAX) this.#tokens.shift();
    this.#tokens.push({ batch, token });
  }

  /** Calls `listener` whenever batches became final. One at a time. */
  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** All batches up to this number are final and indexed. */
  final(batch: number): void {
    this.#final = batch;
    this.#advance();
    this.#listener();
  }

  /** Whether a marker has passed that was not taken yet. */
  get isBarrierPassed(): boolean {
    const first = this.#tokens[0];
    return first !== undefined && first.batch <= this.#final;
  }

  /** Markers that have passed since the last call. */
  takeBarriers(): readonly string[] {
    const passed = this.#tokens.filter((t) => t.batch <= this.#final).map((t) => t.token);
    if (passed.length > 0) this.#tokens = this.#tokens.filter((t) => t.batch > this.#final);
    return passed;
  }

  #advance(): void {
    let done = 0;
    for (const mark of this.#marks) {
      if (mark.batch > this.#final) break;
      if (mark.position > this.#passed) this.#passed = mark.position;
      done++;
    }
    if (done > 0) this.#marks.splice(0, done);
    const watched = this.#watched;
    if (watched === undefined || this.#passed < watched.position) return;
    this.#watched = undefined;
    watched.listener();
  }
}
