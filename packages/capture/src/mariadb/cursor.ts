/** A place in bytes of the server, never read past its end. */
import { captureError } from "../errors.ts";
import { lengthAt, lengthBytes } from "./lengths.ts";

export class Cursor {
  readonly buffer: Buffer;
  readonly end: number;
  at: number;

  constructor(buffer: Buffer, at = 0, end = buffer.length) {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves over `bytes` and says where they begin. @throws AnamnesisError `capture/malformed-message` */
  skip(bytes: number): number {
    const from = this.at;
    if (bytes < 0 || from + bytes > this.end)
      throw captureError("capture/malformed-message", "an event of the binary log is cut off");
    this.at = from + bytes;
    return from;
  }

  /** A view. */
  take(bytes: number): Buffer {
    const from = this.skip(bytes);
    return this.buffer.subarray(from, from + bytes);
  }

  u8(): number {
    return this.buffer.readUInt8(this.skip(1));
  }

  /** Little-endian, up to six bytes. */
  uint(bytes: number): number {
    return this.buffer.readUIntLE(this.skip(bytes), bytes);
  }

  u64(): bigint {
    return this.buffer.readBigUInt64LE(this.skip(8));
  }

  /** Length-encoded. */
  length(): number {
    const bytes = this.left > 0 ? lengthBytes(this.buffer, this.at) : 1;
    const from = this.skip(bytes);
    return lengthAt(this.buffer, from);
  }

  text(bytes: number): string {
    return this.take(bytes).toString("utf8");
  }

  rest(): Buffer {
    return this.take(this.left);
  }
}
