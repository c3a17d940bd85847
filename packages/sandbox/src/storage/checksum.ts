/*
 * The checksum of a PostgreSQL data page, as its manual and the comments of `checksum_impl.h` describe it: 32 sums run side by
 * side, sum j over every 32nd 4-byte word from word j on, each step `sum = (sum XOR word) * prime XOR (sum XOR word) >> 17`
 * (FNV-1a, widened). Two more steps over zero words, then all 32 are folded by XOR, mixed with the block's number, and
 * brought into 1 … 65535. The checksum's own field counts as zero.
 *
 * It guards against failing disks. It has no key, so whoever changes a page can give it a right checksum again.
 */

const SUMS = 32;
const FNV_PRIME = 16_777_619;
const CHECKSUM_AT = 8;

/** Start values of the sums: PostgreSQL's constants (`checksumBaseOffsets`), the same since version 9.3. */
const START = [
  ...[0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c],
  ...[0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb],
  ...[0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4],
  ...[0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756],
];

const step = (sum: number, word: number): number => {
  const mixed = sum ^ word;
  return Math.imul(mixed, FNV_PRIME) ^ (mixed >>> 17);
};

/** The checksum that belongs into a page standing at `block` (counted over all segments of its relation's fork). */
export function pageChecksum(page: Uint8Array, block: number): number {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const sums = Int32Array.from(START);
  for (let at = 0; at < page.byteLength; at += 4) {
    const word = view.getUint32(at, true);
    const j = (at / 4) % SUMS;
    sums[j] = step(sums[j] ?? 0, at === CHECKSUM_AT ? word & 0xffff0000 : word);
  }
  let folded = 0;
  for (const sum of sums) folded ^= step(step(sum, 0), 0);
  return (((folded ^ block) >>> 0) % 65_535) + 1;
}
