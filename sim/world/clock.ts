/** Time as the simulation says. `setTimeout` follows it as well, so that what waits inside the engine waits for the seed. */
import { mock } from "node:test";

export class SimClock {
  #ms: number;
  #newest: number;

  constructor(startMs: number) {
    this.#ms = startMs;
    this.#newest = startMs;
  }

  now(): number {
    return this.#ms;
  }

  /** The latest time it ever showed. */
  get newest(): number {
    return this.#newest;
  }

  pass(ms: number): void {
    this.jump(ms);
    mock.timers.tick(ms);
  }

  /** The machine's clock is set: nothing passes. */
  jump(ms: number): void {
    this.#ms = Math.max(0, this.#ms + ms);
    this.#newest = Math.max(this.#newest, this.#ms);
  }

  install(): void {
    mock.timers.enable({ apis: ["setTimeout"] });
  }

  uninstall(): void {
    mock.timers.reset();
  }
}
