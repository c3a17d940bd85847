/** Entry bundles (C2SP tlog-tiles): up to 256 leaves, each behind its length as a big-endian 16-bit number. */
import { type Bytes, invariant } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";
import { TILE_WIDTH } from "./tile-path.ts";

const ENTRY_MAX = 0xffff;

export function encodeBundle(entries: readonly Bytes[]): Uint8Array {
  invariant(entries.length <= TILE_WIDTH, "at most 256 entries in a bundle");
  const out = new Uint8Array(entries.reduce((sum, e) => sum + 2 + e.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_MAX) {
      throw ledgerError("ledger/too-large", `a leaf has at most ${ENTRY_MAX} bytes, not ${entry.length}`);
    }
    out[at] = entry.length >> 8;
    out[at + 1] = entry.length & 0xff;
    out.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return out;
}

/**
 * The entries as views into `bytes`.
 * @throws AnamnesisError `ledger/malformed` when an entry is cut off or there are more than 256.
 */
export function decodeBundle(bytes: Bytes): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const high = bytes[at];
    const low = bytes[at + 1];
    if (high === undefined || low === undefined) throw malformed("cut off inside a length");
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) throw malformed("cut off inside an entry");
    if (entries.length === TILE_WIDTH) throw malformed("more than 256 entries");
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad entry bundle: ${why}`);
}
