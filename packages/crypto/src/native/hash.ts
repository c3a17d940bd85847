/**
 * SHA-256 and HMAC over OpenSSL, written for rates of a million a second.
 *
 * In Node a digest returned as a `Buffer` costs more than the hashing of a short message, and so does every hash
 * object; a one-shot hash returned as a Latin-1 string (one character per byte) costs neither. So digests come back
 * as strings and are copied byte by byte, and HMAC is written out as its two hashes (RFC 2104) over one scratch
 * buffer. The functions are synchronous, so sharing the scratch is safe.
 */
import { createHash, hash } from "node:crypto";
import type { Bytes } from "@anamnesis/core";

/** Node's other name for Latin-1, the one its types know for digests. */
const LATIN1 = "binary";
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longer messages are hashed in place, in pieces: there the copy would cost more than the hash object. */
const SCRATCH_BYTES = 65_536;

const inner = new Uint8Array(BLOCK_BYTES + SCRATCH_BYTES);
const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);

export function sha256(data: Bytes): Uint8Array {
  const out = new Uint8Array(DIGEST_BYTES);
  copyLatin1(hash("sha256", data, LATIN1), out, 0);
  return out;
}

/** @throws RangeError when `out` has fewer than 32 bytes from `offset`. */
export function sha256Into(data: Bytes, out: Uint8Array, offset: number): void {
  if (!(offset >= 0 && offset + DIGEST_BYTES <= out.length))
    throw new RangeError("no room for a digest at that offset");
  copyLatin1(hash("sha256", data, LATIN1), out, offset);
}

export function hmacSha256(key: Bytes): (message: Bytes) => Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const innerPad = new Uint8Array(BLOCK_BYTES);
  const outerPad = new Uint8Array(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) {
    innerPad[i] = (short[i] ?? 0) ^ 0x36;
    outerPad[i] = (short[i] ?? 0) ^ 0x5c;
  }
  return (message) => {
    outer.set(outerPad);
    copyLatin1(innerDigest(innerPad, message), outer, BLOCK_BYTES);
    return sha256(outer);
  };
}

function innerDigest(pad: Uint8Array, message: Bytes): string {
  if (message.length > SCRATCH_BYTES) return createHash("sha256").update(pad).update(message).digest(LATIN1);
  inner.set(pad);
  inner.set(message, BLOCK_BYTES);
  return hash("sha256", inner.subarray(0, BLOCK_BYTES + message.length), LATIN1);
}

function copyLatin1(digest: string, out: Uint8Array, offset: number): void {
  for (let i = 0; i < DIGEST_BYTES; i++) out[offset + i] = digest.charCodeAt(i);
}
