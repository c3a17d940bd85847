/**
 * Reading a live stream in stretches. Every small commit arrives by itself, and being woken for each costs several times what its
 * rows do: with some thousand commits a second it is most of capture's processor time, taken from the hospital's own.
 */

/** Little is left to gather in the system's buffer for so long; what comes faster, for half of it, or a quarter. */
export const GATHER_MS = 20;
export const GATHER_MS_MIN = 5;
/** No system holds less for a connection, be the messages ever so small. */
export const MUCH_BYTES = 49_152;
/** A stream that brings too much even for the shortest pause is read as it comes, for so long; after that it is tried again. */
export const FREE_MS = 200;
/** Each try that was in vain doubles the time to the next. */
export const FREE_MS_MAX = 3_200;

interface Socket {
  pause(): unknown;
  resume(): unknown;
}

/** The only one that pauses and resumes this socket. */
export class Gathering {
  readonly #socket: Socket;
  #held = false;
  #timer: NodeJS.Timeout | undefined;
  /** Since the last pause began. */
  #bytes = 0;
  #pauseMs = GATHER_MS_MIN;
  #freeMs = FREE_MS;
  /** A stream that begins may have much to catch up with. */
  #freeUntil = performance.now() + FREE_MS;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Until `resume`, whatever has gathered. */
  pause(): void {
    this.#held = true;
    this.#socket.pause();
  }

  /** Who had to hold it back has much coming. */
  resume(): void {
    this.#held = false;
    this.#freeUntil = performance.now() + FREE_MS;
    if (this.#timer === undefined) this.#socket.resume();
  }

  /** A chunk was handled: what follows on a live stream is left to gather. */
  took(bytes: number): void {
    this.#bytes += bytes;
    if (this.#timer !== undefined) return;
    const now = performance.now();
    if (now >= this.#freeUntil) this.#adapt(now);
    this.#bytes = 0;
    if (now < this.#freeUntil) return;
    this.#timer = setTimeout(() => this.#go(), this.#pauseMs);
    // Not at once: the socket may have more chunks than this one, and would give one after each pause.
    process.nextTick(() => {
      if (this.#timer !== undefined) this.#socket.pause();
    });
  }

  /** Nothing waits any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.resume();
  }

  /** Pauses are so long that what gathers in them fills from a quarter to three quarters of the room. */
  #adapt(now: number): void {
    if (4 * this.#bytes >= 3 * MUCH_BYTES) {
      this.#pauseMs /= 2;
      if (this.#pauseMs >= GATHER_MS_MIN) return;
      this.#pauseMs = GATHER_MS_MIN;
      this.#freeUntil = now + this.#freeMs;
      this.#freeMs = Math.min(2 * this.#freeMs, FREE_MS_MAX);
      return;
    }
    this.#freeMs = FREE_MS;
    if (4 * this.#bytes < MUCH_BYTES) this.#pauseMs = Math.min(2 * this.#pauseMs, GATHER_MS);
  }

  #go(): void {
    this.#timer = undefined;
    if (!this.#held) this.#socket.resume();
  }
}
