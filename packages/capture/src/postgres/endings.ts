/** What a source remembers of its streams that ended: the server may take longer to notice than we do. */
import { SILENT_MS } from "../silence.ts";

const FACTOR = 2;
const SILENT_MS_MAX = 900_000;

export class Endings {
  /** The server's process of the newest stream. */
  pid: number | undefined;
  readonly #shortest: number;
  #silentMs: number;

  constructor(silentMs = SILENT_MS) {
    this.#shortest = silentMs;
    this.#silentMs = silentMs;
  }

  /** How long the server may say nothing at all, though it is asked twice a second. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** It sent something of its log. */
  heard(): void {
    this.#silentMs = this.#shortest;
  }

  /** A server may be busy for long with a large transaction of which it sends nothing: next time it gets longer. */
  silent(): void {
    this.#silentMs = Math.min(FACTOR * this.#silentMs, Math.max(SILENT_MS_MAX, this.#shortest));
  }
}
