/** Signature suites: one row per suite, resolved by name once; nothing else lists them. */
import { type Bytes, concat, utf8 } from "@anamnesis/core";
import { cryptoError, requireKeyLength } from "./errors.ts";
import type { Primitives, PurePrimitives } from "./primitives.ts";

/** `SM-1` (SM2 with SM3) is reserved in the specification and not implemented: asking for it is an unknown suite. */
export type SuiteId = "INTL-1";

export interface Suite {
  readonly id: SuiteId;
  readonly seedBytes: number;
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
  /** The suite's consensus rule. Never throws: malformed input is `false`. */
  verify(p: PurePrimitives, publicKey: Bytes, message: Bytes, signature: Bytes): boolean;
  /** The same verdict, beside the calling thread where the provider can, at once where it cannot. */
  verifyAside(p: Primitives, publicKey: Bytes, message: Bytes, signature: Bytes): boolean | Promise<boolean>;
  /** @throws AnamnesisError `crypto/bad-key` on a seed of another length, as do the next two. */
  sign(p: Primitives, seed: Bytes, message: Bytes): Uint8Array;
  /** `sign` with the key prepared once. */
  signer(p: Primitives, seed: Bytes): (message: Bytes) => Uint8Array;
  publicKey(p: Primitives, seed: Bytes): Uint8Array;
}

/** A key that signs, without its bytes: the weakest handle that a signing component can be given. */
export interface Signer {
  readonly suite: SuiteId;
  /** 16 bytes, see `keyId`. */
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
  sign(message: Bytes): Uint8Array;
}

const SUITES: Readonly<Record<SuiteId, Suite>> = {
  "INTL-1": {
    id: "INTL-1",
    seedBytes: 32,
    publicKeyBytes: 32,
    signatureBytes: 64,
    verify: (p, publicKey, message, signature) => p.ed25519Verify(publicKey, message, signature),
    verifyAside: (p, publicKey, message, signature) =>
      p.ed25519VerifyAside?.(publicKey, message, signature) ?? p.ed25519Verify(publicKey, message, signature),
    sign: (p, seed, message) => p.ed25519Sign(seed, message),
    signer: (p, seed) => p.ed25519Signer(seed),
    publicKey: (p, seed) => p.ed25519PublicKey(seed),
  },
};

const isSuiteId = (id: string): id is SuiteId => Object.hasOwn(SUITES, id);

/** @throws AnamnesisError `crypto/unknown-suite` when this version does not implement the suite. */
export function suiteOf(id: string): Suite {
  if (isSuiteId(id)) return SUITES[id];
  // The name may come from a stranger's transaction: say its length, do not repeat it into a log.
  throw cryptoError(
    "crypto/unknown-suite",
    `unknown signature suite; this version knows ${Object.keys(SUITES).join(", ")}`,
    {
      length: id.length,
    },
  );
}

const KEY_ID_BYTES = 16;
const KEY_ID_LABEL = utf8("anamnesis/key/v1\0");

/**
 * Identifier of a public key: the first 16 bytes of SHA-256(label ‖ suite ‖ 0x00 ‖ public key), spec/encoding.md.
 * @throws AnamnesisError `crypto/bad-key` when the key has not the suite's length.
 */
export function keyId(p: PurePrimitives, suite: SuiteId, publicKey: Bytes): Uint8Array {
  requireKeyLength(publicKey, SUITES[suite].publicKeyBytes, "a public key");
  return p.sha256(concat(KEY_ID_LABEL, utf8(`${suite}\0`), publicKey)).slice(0, KEY_ID_BYTES);
}

/** @throws AnamnesisError `crypto/bad-key` when the seed has not the suite's length. */
export function signerFromSeed(p: Primitives, suite: SuiteId, seed: Bytes): Signer {
  const publicKey = SUITES[suite].publicKey(p, seed);
  return { suite, publicKey, keyId: keyId(p, suite, publicKey), sign: SUITES[suite].signer(p, seed) };
}
