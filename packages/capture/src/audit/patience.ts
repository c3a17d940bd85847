/**
 * Waiting for a log that comes a little later than the stream: a millisecond at a time, at most a few, and not again for a
 * while when it was in vain. The thread sleeps, for whoever asks is inside of a transaction and cannot be asked to come again.
 */
const STEP_MS = 1;
const STEPS_MAX = 3;
const IN_VAIN_MAX = 5;
/** So many are not waited for after that. */
const PAUSE = 1_000;

export class Patience {
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #inVain = 0;
  #pause = 0;

  /** Asks `answer` again until it gives something; `late`: whether it may still come. */
  wait<T>(answer: () => T | undefined, late: () => boolean): T | undefined {
    if (this.#pause > 0) {
      this.#pause--;
      return undefined;
    }
    for (let step = 0; step < STEPS_MAX && late(); step++) {
      Atomics.wait(this.#cell, 0, 0, STEP_MS);
      const found = answer();
      if (found === undefined) continue;
      this.#inVain = 0;
      return found;
    }
    if (++this.#inVain < IN_VAIN_MAX) return undefined;
    this.#inVain = 0;
    this.#pause = PAUSE;
    return undefined;
  }
}
