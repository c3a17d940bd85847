/** Looks at the source's catalog every few seconds, and whenever a verifier waits for it. */
import type { Progress } from "./progress.ts";
import type { Beside } from "./source.ts";

const EVERY_MS = 5_000;
/** For verifiers looks may follow each other, but take no more than a fifth of one of the source's cores. */
const PAUSE_MS_MIN = 10;
const PAUSES_PER_LOOK = 4;

export interface WatchOptions {
  readonly beside: Pick<Beside, "fingerprint">;
  readonly progress: Pick<Progress, "setLooked">;
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
  #ended = Number.NEGATIVE_INFINITY;
  #pauseMs = PAUSE_MS_MIN;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#o = options;
  }

  /** A verifier waits: look soon. */
  ask(): void {
    this.#asked = true;
    this.tick();
  }

  /** Called some ten times a second. */
  tick(): void {
    if (this.#stopped || this.#looking || !this.#o.isSettled()) return;
    // By a clock that nobody can put back.
    const left = (this.#asked ? this.#pauseMs : EVERY_MS) - (performance.now() - this.#ended);
    if (left > 0) {
      if (this.#asked) this.#timer ??= setTimeout(() => this.#onTimer(), left);
      return;
    }
    this.#looking = true;
    this.#asked = false;
    const began = performance.now();
    this.#look()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#o.onFailure(error);
      })
      .finally(() => {
        this.#looking = false;
        this.#ended = performance.now();
        this.#pauseMs = Math.max(PAUSE_MS_MIN, PAUSES_PER_LOOK * (this.#ended - began));
        if (this.#asked) this.tick();
      });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.tick();
  }

  async #look(): Promise<void> {
    const { text, position } = await this.#o.beside.fingerprint();
    if (this.#stopped) return;
    if (text === this.#o.text) this.#o.progress.setLooked(position);
    else this.#o.onChanged();
  }
}
