/**
 * The provider for any platform: noble's audited JavaScript. Slower than `native`, same answers.
 *
 * Noble's own Ed25519 `verify` multiplies both sides by the cofactor and so accepts signatures that OpenSSL refuses.
 * Here the equation of the consensus rule is written with its points instead.
 */

import { type Bytes, concat, equal } from "@anamnesis/core";
import { ed25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { admissible } from "./ed25519-rule.ts";
import { cryptoError, requireKeyLength, requireRandomLength } from "./errors.ts";
import type { Primitives } from "./primitives.ts";

const { Point } = ed25519;
const SEED_BYTES = 32;
/** What one call of the platform's `getRandomValues` may fill (Web Cryptography API). */
const RANDOM_CHUNK_BYTES = 65_536;

export const portable: Primitives = {
  name: "portable",
  sha256: (data) => sha256(data),
  sha256Into(data, out, offset) {
    out.set(sha256(data), offset);
  },
  hmacSha256(key) {
    const keyed = hmac.create(sha256, key);
    return (message) => keyed.clone().update(message).digest();
  },
  ed25519Verify,
  ed25519Sign: (seed, message) => ed25519.sign(message, checkedSeed(seed)),
  ed25519Signer(seed) {
    const own = checkedSeed(seed).slice();
    return (message) => ed25519.sign(message, own);
  },
  ed25519PublicKey: (seed) => ed25519.getPublicKey(checkedSeed(seed)),
  random,
};

function ed25519Verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  if (!admissible(publicKey, signature)) return false;
  try {
    return equationHolds(publicKey, message, signature.subarray(0, 32), signature.subarray(32));
  } catch {
    return false; // noble refuses the key bytes: not a point of the curve
  }
}

/**
 * `[S]B - [k]A` encodes to the bytes of `R`. Comparing encodings spares decoding `R`: a canonical encoding belongs to
 * one point. `k` is reduced modulo L before the multiplication, as OpenSSL does; where `A` has a torsion part, the
 * unreduced product would be another point.
 */
function equationHolds(publicKey: Bytes, message: Bytes, r: Bytes, s: Bytes): boolean {
  const k = Point.Fn.create(littleEndian(sha512(concat(r, publicKey, message))));
  const a = Point.fromBytes(publicKey);
  const expected = Point.BASE.multiplyUnsafe(littleEndian(s)).subtract(a.multiplyUnsafe(k));
  return equal(expected.toBytes(), r);
}

function littleEndian(bytes: Bytes): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

function checkedSeed(seed: Bytes): Bytes {
  requireKeyLength(seed, SEED_BYTES, "an Ed25519 seed");
  return seed;
}

function random(length: number): Uint8Array {
  requireRandomLength(length);
  const source = globalThis.crypto;
  if (source === undefined) throw cryptoError("crypto/no-random", "this platform has no source of strong randomness");
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_CHUNK_BYTES)
    source.getRandomValues(out.subarray(at, at + RANDOM_CHUNK_BYTES));
  return out;
}
