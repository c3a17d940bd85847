/** Checksums of events: each file of the log says at its beginning whether its events end with one. */
import { crc32 } from "node:zlib";
import { captureError } from "../errors.ts";

const CODE_AT = 4;
const FORMAT = 15;
/** Events that a sender makes up have none that could be checked. */
const MADE_UP: ReadonlySet<number> = new Set([4, 27, 41, 163]);
const BYTES = 4;
const CRC32 = 1;

export class Checksum {
  #present = false;

  /** The end of the event in `[at, end)` without its checksum. @throws AnamnesisError `capture/malformed-message` */
  strip(buffer: Buffer, at: number, end: number): number {
    const code = buffer[at + CODE_AT] ?? 0;
    // The description of the file ends with the algorithm and room for a checksum in any case.
    if (code === FORMAT) this.#present = buffer[end - BYTES - 1] === CRC32;
    if (!this.#present || end - at < BYTES) return end;
    const stripped = end - BYTES;
    if (code !== FORMAT && !MADE_UP.has(code) && crc32(buffer.subarray(at, stripped)) !== buffer.readUInt32LE(stripped))
      throw captureError("capture/malformed-message", "an event of the binary log does not fit its checksum");
    return stripped;
  }
}
