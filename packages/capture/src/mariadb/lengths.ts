/** Length-encoded integers of the client/server protocol, also used in the binary log. */

/** Stands for NULL in a row of a text result. */
export const NULL_LENGTH = -1;

export function lengthAt(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  if (first < 0xfb) return first;
  if (first === 0xfb) return NULL_LENGTH;
  if (first === 0xfc) return buffer.readUInt16LE(at + 1);
  if (first === 0xfd) return buffer.readUIntLE(at + 1, 3);
  return Number(buffer.readBigUInt64LE(at + 1));
}

export function lengthBytes(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  return first < 0xfc ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9;
}
