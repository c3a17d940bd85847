/** Lists of hashes as they stand in files: joined, 32 bytes each. */
import { asBytesUpTo, type Cbor } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";

/** A tree has fewer than 2^53 leaves. */
const PATH_MAX = 53;

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function asPath(value: Cbor | undefined, what: string, max = PATH_MAX): Uint8Array[] {
  const bytes = asBytesUpTo(value, 32 * max, what);
  if (bytes.length % 32 !== 0) throw ledgerError("ledger/malformed", "a path is made of 32-byte hashes");
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}
