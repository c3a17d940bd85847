/**
 * Reading a live stream in stretches. Every small commit arrives by itself, and being woken for each costs several times what its
 * rows do: with some thousand commits a second it is most of capture's processor time, taken from the hospital's own.
 */

/** While little comes, it is left to gather in the system's buffer for so long. */
export const GATHER_MS = 20;
/** What comes in that time of a stream that is read as it comes; less than any system holds for a connection. */
export const MUCH_BYTES = 49_152;

interface Socket {
  pause(): unknown;
  resume(): unknown;
}

/** The only one that pauses and resumes this socket. */
export class Gathering {
  readonly #socket: Socket;
  #held = false;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #bytes = 0;
  #much = false;

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
    this.#begin(true);
    if (this.#timer === undefined) this.#socket.resume();
  }

  /** A chunk was handled: what follows is left to gather, unless much is coming. */
  took(bytes: number): void {
    const now = performance.now();
    this.#bytes += bytes;
    if (now - this.#since >= GATHER_MS) this.#begin(this.#bytes >= MUCH_BYTES);
    if (this.#much || this.#timer !== undefined) return;
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

  #begin(much: boolean): void {
    this.#much = much;
    this.#since = performance.now();
    this.#bytes = 0;
  }

  #go(): void {
    this.#timer = undefined;
    if (!this.#held) this.#socket.resume();
  }
}
