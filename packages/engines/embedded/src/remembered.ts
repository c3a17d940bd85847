/**
 * The newest checkpoint, remembered in a small file beside the store: when somebody puts an older store back, this file
 * gives it away. It is written at most once a second and not flushed, so it may lag behind the store, never lead it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

const INTERVAL_MS = 1000;

export class RememberedCheckpoint {
  readonly #file: string;
  #pending: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** The signed note; undefined when there is none (an empty file is what a power cut leaves of an unflushed one). */
  static read(file: string): string | undefined {
    try {
      const note = readFileSync(file, "utf8");
      return note === "" ? undefined : note;
    } catch {
      return undefined;
    }
  }

  remember(note: string): void {
    this.#pending = note;
    if (this.#timer !== undefined) return;
    this.flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  flush(): void {
    if (this.#pending === undefined) return;
    const draft = `${this.#file}.new`;
    try {
      writeFileSync(draft, this.#pending);
      renameSync(draft, this.#file);
      this.#pending = undefined;
    } catch {
      // A full disk: the store says so itself. The next block tries again.
      rmSync(draft, { force: true });
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.flush();
  }
}
