/** Positions in the write-ahead log as 64-bit integers; PostgreSQL prints them as two hexadecimal halves. */
import { captureError } from "../errors.ts";

/** @throws AnamnesisError `capture/malformed-message` unless the text is like `16/B374D848`. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) throw captureError("capture/malformed-message", "the database sent a position of unknown form");
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;

/**
 * The 64-bit transaction id behind the low 32 bits that the stream carries: the one nearest to `near`, a full id read
 * from the server on the same connection's life. Right as long as the two are less than 2^31 transactions apart.
 */
export function widenXid(low: number, near: bigint): bigint {
  const span = 1n << 32n;
  const candidate = (near & ~(span - 1n)) | BigInt(low);
  if (candidate > near + span / 2n && candidate >= span) return candidate - span;
  if (candidate + span / 2n < near) return candidate + span;
  return candidate;
}
