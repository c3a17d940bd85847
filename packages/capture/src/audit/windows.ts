/**
 * One event per access and not per statement: the same person at the same rows within the window is one access. The window
 * begins with the access that is told, so the same log gives the same events, wherever reading was interrupted.
 */
const KEYS_MAX = 200_000;

export class Windows {
  readonly #length: number;
  /** Key → end of its window, µs since 1970; in the order in which windows began. */
  readonly #ends: Map<string, number>;
  #added: [key: string, end: number][] = [];

  /** `length` in microseconds; `ends` as kept from before. */
  constructor(length: number, ends: Iterable<readonly [string, number]> = []) {
    this.#length = length;
    this.#ends = new Map(ends);
  }

  /** Whether an access at `time` is to be told. Times may run backwards a little: connections write side by side. */
  admit(key: string, time: number): boolean {
    const end = this.#ends.get(key);
    if (end !== undefined && time < end && time >= end - 2 * this.#length) return false;
    this.#ends.delete(key);
    this.#ends.set(key, time + this.#length);
    this.#added.push([key, time + this.#length]);
    if (this.#ends.size > KEYS_MAX) this.#prune(time);
    return true;
  }

  /** Forgets all: what is told within one of them may be told twice. */
  clear(): void {
    this.#ends.clear();
    this.#added = [];
  }

  /** Windows that began since the last call. */
  takeAdded(): readonly (readonly [key: string, end: number])[] {
    const added = this.#added;
    this.#added = [];
    return added;
  }

  /** Forgets those that are over; were there too many all the same, then the oldest: their accesses may be told twice. */
  #prune(now: number): void {
    for (const [key, end] of this.#ends) {
      if (end > now && this.#ends.size <= KEYS_MAX) return;
      this.#ends.delete(key);
    }
  }
}
