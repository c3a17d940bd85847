/** Looks at the source's catalog every few seconds, and whenever a verifier waits for it. */
import type { Progress } from "./progress.ts";
import type { Beside } from "./source.ts";

const EVERY_MS = 5_000;
/** For verifiers, at most this often. */
const AT_LEAST_MS = 100;

export interface WatchOptions {
  readonly beside: Beside;
  readonly progress: Progress;
  /** The fingerprint that this session began with. */
  readonly text: string;
  /** Whether all that the session had to note at its start is final. */
  readonly isSettled: () => boolean;
  readonly onChanged: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class CatalogWatch {
  readonly #o: WatchOptions;
  #looking = false;
  #asked = false;
  #at = 0;

  constructor(options: WatchOptions) {
    this.#o = options;
  }

  /** A verifier waits: look soon. */
  ask(): void {
    this.#asked = true;
  }

  /** Called some ten times a second. */
  tick(): void {
    const waited = Date.now() - this.#at;
    if (this.#looking || !this.#o.isSettled() || waited < (this.#asked ? AT_LEAST_MS : EVERY_MS)) return;
    this.#looking = true;
    this.#asked = false;
    this.#at = Date.now();
    this.#look()
      .catch(this.#o.onFailure)
      .finally(() => {
        this.#looking = false;
      });
  }

  async #look(): Promise<void> {
    const { text, position } = await this.#o.beside.fingerprint();
    if (text === this.#o.text) this.#o.progress.setLooked(position);
    else this.#o.onChanged();
  }
}
