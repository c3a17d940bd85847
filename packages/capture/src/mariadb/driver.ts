/**
 * The wire under the driver. `mysql2` makes the connection (TLS, authentication plug-ins, packets); rows and the binary log
 * are read from the packets here, because the driver's own values lose digits, character sets and padding.
 *
 * `addCommand` and `_resetSequenceId` are the driver's inner interface, which every binary log client built on it uses;
 * this file alone knows them.
 */
import type { Duplex } from "node:stream";
import type { Connection } from "mysql2";

/** A packet of the server: bytes `[offset, end)` of `buffer`, valid until the handler returns. */
export interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  asError(encoding: string): Error;
}

interface Inner {
  readonly stream: Duplex;
  readonly _command?: object | null;
  addCommand(command: Command): void;
  writePacket(packet: OutPacket): void;
  _resetSequenceId(): void;
  pause(): void;
  resume(): void;
}

/** What the driver asks of a command: true when it is over. */
interface Command {
  execute(packet: Packet | undefined): boolean;
  onResult(error: Error): void;
}

interface OutPacket {
  readonly buffer: Buffer;
  offset: number;
  length(): number;
  writeHeader(sequence: number): void;
}

const inner = (connection: Connection): Inner => connection as unknown as Inner;

export const pauseReading = (connection: Connection): void => inner(connection).pause();
export const resumeReading = (connection: Connection): void => inner(connection).resume();

const QUIT = Buffer.of(1, 0, 0, 0, 1);

/** Takes leave and lets go. The driver only closes its own half, and a server that is sending would never notice. */
export function hangUp(connection: Connection): void {
  const { stream } = inner(connection);
  if (stream.writable && !stream.destroyed) stream.write(QUIT, () => stream.destroy());
  connection.destroy();
  setTimeout(() => stream.destroy(), QUIT_MS_MAX).unref();
}

const QUIT_MS_MAX = 200;

/** Whether an answer is waited for. */
export const isBusy = (connection: Connection): boolean => (inner(connection)._command ?? null) !== null;
export const socketOf = (connection: Connection): Duplex => inner(connection).stream;

export const isOpen = (connection: Connection): boolean => !inner(connection).stream.destroyed;

/** Sends `payload` as a command; each packet of the answer goes to `onPacket`, which says whether more will come. */
export function send(
  connection: Connection,
  payload: Buffer,
  onPacket: (packet: Packet) => boolean,
): { readonly done: Promise<void> } {
  const raw = inner(connection);
  const done = new Promise<void>((resolve, reject) => {
    let sent = false;
    let failed = false;
    const command: Command = {
      execute(packet) {
        if (!sent) {
          sent = true;
          raw._resetSequenceId();
          raw.writePacket(outPacket(payload));
          return false;
        }
        // Packets that had arrived already are still handed out: after a failure they must not be taken.
        if (packet === undefined || failed) return false;
        if (packet.isError()) {
          reject(packet.asError("utf8"));
          return true;
        }
        try {
          if (onPacket(packet)) return false;
          resolve();
          return true;
        } catch (cause) {
          failed = true;
          // What follows in the answer has no reader any more: the connection goes.
          reject(cause instanceof Error ? cause : new Error("a handler threw no error"));
          hangUp(connection);
          return false;
        }
      },
      onResult: reject,
    };
    raw.addCommand(command);
  });
  done.catch(() => undefined);
  return { done };
}

const PACKET_HEADER = 4;

function outPacket(payload: Buffer): OutPacket {
  const buffer = Buffer.concat([Buffer.alloc(PACKET_HEADER), payload]);
  return {
    buffer,
    offset: buffer.length,
    length: () => buffer.length,
    writeHeader(sequence) {
      buffer.writeUIntLE(buffer.length - PACKET_HEADER, 0, 3);
      buffer[3] = sequence;
    },
  };
}
