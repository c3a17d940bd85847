/**
 * Reading a live stream in stretches. Every small commit arrives by itself, and being woken for each costs several times what its
 * rows do: with some thousand commits a second it is most of capture's processor time, taken from the hospital's own.
 */

/** While little comes, it is left to gather in the system's buffer for so long. */
export const GATHER_MS = 20;
/** What comes in that time of a stream that is catching up; less than any system holds for a connection. */
export const MUCH_BYTES = 49_152;
/** A stream that has not brought so much for so long is live. One that begins may have much to catch up with. */
export const LIVE_MS = 200;

interface Socket {
  pause(): unknown;
  resume(): unknown;
}

/** The only one that pauses and resumes this socket. */
export class Gathering {
  readonly #socket: Socket;
  #held = false;
  #timer: NodeJS.Timeout | undefined;
  #since = performance.now();
  #bytes = 0;
  #muchAt = performance.now();

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
    this.#muchAt = performance.now();
    if (this.#timer === undefined) this.#socket.resume();
  }

  /** A chunk was handled: what follows on a live stream is left to gather. */
  took(bytes: number): void {
    const now = performance.now();
    this.#bytes += bytes;
    if (now - this.#since >= GATHER_MS) {
      if (this.#bytes >= MUCH_BYTES) this.#muchAt = now;
      this.#since = now;
      this.#bytes = 0;
    }
    if (now - this.#muchAt < LIVE_MS || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#go(), GATHER_MS);
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

  #go(): void {
    this.#timer = undefined;
    if (!this.#held) this.#socket.resume();
  }
}
