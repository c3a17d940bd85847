import type { Bytes } from "@anamnesis/core";
import type { Lanes } from "./lanes/lanes.ts";

/**
 * The primitives everything else is built on, as one synchronous provider: `native` (Node's OpenSSL) on servers,
 * `portable` (noble) anywhere. Both give the same answer for every input, wrong ones included; a shared suite proves it.
 */
export interface Primitives {
  readonly name: "native" | "portable";

  /** SHA-256 (FIPS 180-4): 32 fresh bytes. */
  sha256(data: Bytes): Uint8Array;

  /** SHA-256 written to `out[offset .. offset + 32]`: the hot path of leaves and rows, without garbage. */
  sha256Into(data: Bytes, out: Uint8Array, offset: number): void;

  /**
   * Many short hashes at once, for work that begins and ends within one synchronous call: everybody gets the same lanes.
   * Absent or undefined where there are none; then hashes are computed one by one.
   */
  lanes?(): Lanes | undefined;

  /**
   * HMAC-SHA-256 (RFC 2104) with the key block prepared once: returns a function that maps a message to a fresh
   * 32-byte tag. Row commitments call it millions of times, with one key for many rows.
   */
  hmacSha256(key: Bytes): (message: Bytes) => Uint8Array;

  /**
   * Ed25519 under the one consensus rule (spec/encoding.md, "Signatures"): cofactorless equation, S < L, canonical A
   * and R, neither of small order. Never throws: malformed input is `false`.
   */
  ed25519Verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean;

  /** The same verdict, computed beside the calling thread. Absent where there is nothing to compute it on. */
  ed25519VerifyAside?(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean>;

  /** RFC 8032 signature (64 bytes) with a 32-byte seed. @throws AnamnesisError `crypto/bad-key` on another length. */
  ed25519Sign(seed: Bytes, message: Bytes): Uint8Array;

  /**
   * The same with the key prepared once (preparing costs more than signing). The returned function holds a copy of the
   * seed's key: later changes of `seed` do not reach it. @throws AnamnesisError `crypto/bad-key` on another length.
   */
  ed25519Signer(seed: Bytes): (message: Bytes) => Uint8Array;

  /** Public key (32 bytes) of a 32-byte seed. @throws AnamnesisError `crypto/bad-key` on another length. */
  ed25519PublicKey(seed: Bytes): Uint8Array;

  /** Strong random bytes, at most 1 MiB a call. @throws AnamnesisError `crypto/bad-length`, `crypto/no-random`. */
  random(length: number): Uint8Array;
}

/** The part that is a function of its arguments alone: nothing signs, nothing is drawn by chance. What contracts get. */
export type PurePrimitives = Omit<
  Primitives,
  "random" | "ed25519VerifyAside" | "ed25519Sign" | "ed25519Signer" | "ed25519PublicKey"
>;

/** Gives the pure part and nothing behind it. */
export function purePrimitives(p: Primitives): PurePrimitives {
  return {
    name: p.name,
    sha256: (data) => p.sha256(data),
    sha256Into: (data, out, offset) => p.sha256Into(data, out, offset),
    lanes: () => p.lanes?.(),
    hmacSha256: (key) => p.hmacSha256(key),
    ed25519Verify: (publicKey, message, signature) => p.ed25519Verify(publicKey, message, signature),
  };
}
