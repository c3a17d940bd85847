/**
 * The part of the consensus rule for Ed25519 that is decided by looking at the bytes (spec/encoding.md, "Signatures").
 *
 * RFC 8032 leaves room: libraries differ on keys and signatures that no honest signer makes (points of small order,
 * y-coordinates not reduced, S not reduced). On a ledger a difference of verdict is a fork, so every provider asks
 * these questions first and only then its library; what remains is one equation on which all agree. The families of
 * such inputs are those of Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs" (2020).
 *
 * All values are public, so the comparisons need not be constant-time.
 */
import type { Bytes } from "@anamnesis/core";

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** 2^255 - 19, little-endian. */
const FIELD_PRIME = littleEndian(2n ** 255n - 19n);

/** Order of the base point: 2^252 + 27742317777372353535851937790883648493, little-endian. */
const GROUP_ORDER = littleEndian(2n ** 252n + 27742317777372353535851937790883648493n);

/**
 * The y-coordinates of the eight points whose order divides 8: order 1, 2, 4, and the two of order 8 (`y8` and its
 * negative). Each stands for both signs of x; a test derives the list from the curve.
 */
const SMALL_ORDER_Y = smallOrderY();

/**
 * True when lengths, S < L, canonical A and R, and "not of small order" all hold. Says nothing yet about whether the
 * points are on the curve or the equation holds. Never throws.
 */
export function admissible(publicKey: Bytes, signature: Bytes): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  return admissiblePoint(publicKey, 0) && admissiblePoint(signature, 0) && below(signature, 32, GROUP_ORDER, 0xff);
}

function admissiblePoint(bytes: Bytes, offset: number): boolean {
  if (!below(bytes, offset, FIELD_PRIME, 0x7f)) return false;
  return !SMALL_ORDER_Y.some((y) => sameY(bytes, offset, y));
}

/** Little-endian comparison of 32 bytes; `topMask` clears the sign bit of a point from its last byte. */
function below(bytes: Bytes, offset: number, bound: Bytes, topMask: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = (bytes[offset + i] ?? 0) & (i === 31 ? topMask : 0xff);
    const limit = bound[i] ?? 0;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

function sameY(bytes: Bytes, offset: number, y: Bytes): boolean {
  for (let i = 0; i < 31; i++) if (bytes[offset + i] !== y[i]) return false;
  return ((bytes[offset + 31] ?? 0) & 0x7f) === y[31];
}

function smallOrderY(): readonly Uint8Array[] {
  const p = 2n ** 255n - 19n;
  const y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
  return [1n, p - 1n, 0n, y8, p - y8].map(littleEndian);
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
