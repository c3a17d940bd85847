/** State values in memory, those used of late, bounded in bytes. */

/** Of one generation; two are kept. */
const BYTES_MAX = 4 * 1024 * 1024;
/** About what a value costs besides its characters and bytes. */
const OVERHEAD = 250;

export interface KnownValue {
  /** `undefined`: the key has none. */
  readonly value: Uint8Array | undefined;
}

/** What is asked for moves to the younger generation; when that is full, the older one goes. */
export class RecentValues {
  #young = new Map<string, KnownValue>();
  #old: ReadonlyMap<string, KnownValue> = new Map();
  #bytes = 0;

  get(key: string): KnownValue | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old.value);
    return old;
  }

  set(key: string, value: Uint8Array | undefined): void {
    // A key that is set again counts again: the bound holds, only sooner.
    this.#bytes += 2 * key.length + (value?.length ?? 0) + OVERHEAD;
    if (this.#bytes > BYTES_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(key, { value });
  }
}
