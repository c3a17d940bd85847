import { AnamnesisError, type Details } from "@anamnesis/core";

export type CryptoErrorCode =
  | "crypto/unknown-suite" // a suite name this version does not implement: update, or refuse the transaction
  | "crypto/bad-key" // a key, seed or handle key of the wrong length: read it again from the key store
  | "crypto/bad-field" // a commitment field outside its fixed length or range: a bug of the caller
  | "crypto/bad-length" // more random bytes asked for than one call gives: ask in parts
  | "crypto/no-random"; // the platform has no source of strong randomness: do not run there

export function cryptoError(
  code: CryptoErrorCode,
  message: string,
  details?: Details,
): AnamnesisError<CryptoErrorCode> {
  return new AnamnesisError(code, message, details);
}

/** @throws AnamnesisError `crypto/bad-key` unless the key has that many bytes; the message names the key, never its value. */
export function requireKeyLength(key: Uint8Array, length: number, what: string): void {
  if (key.length === length) return;
  throw cryptoError("crypto/bad-key", `${what} must have ${length} bytes, not ${key.length}`, {
    what,
    expected: length,
    actual: key.length,
  });
}

/** Most bytes one call of `random` gives: nothing here needs more, and a wrong length must not fill the memory. */
const RANDOM_BYTES_MAX = 1_048_576;

/** @throws AnamnesisError `crypto/bad-length` unless the length is a whole number from 0 to 1 MiB. */
export function requireRandomLength(length: number): void {
  if (Number.isInteger(length) && length >= 0 && length <= RANDOM_BYTES_MAX) return;
  throw cryptoError("crypto/bad-length", `ask for 0 to ${RANDOM_BYTES_MAX} random bytes at a time, not ${length}`, {
    actual: length,
  });
}
