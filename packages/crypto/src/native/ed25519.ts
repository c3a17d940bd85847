/**
 * Ed25519 over OpenSSL, whose equation is the cofactorless one. The byte rules come first (see ../ed25519-rule.ts):
 * OpenSSL 3.5 refuses points of small order by itself, other versions may not, and its DER reader takes a key with a
 * byte too many.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { type Bytes, toHex } from "@anamnesis/core";
import { admissible } from "../ed25519-rule.ts";
import { requireKeyLength } from "../errors.ts";

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;

/** DER up to the raw key (RFC 8410): PrivateKeyInfo and SubjectPublicKeyInfo for Ed25519. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Parsed public keys, because parsing costs a quarter of a verification. Public keys only: a seed never becomes a
 * string. Emptied when full: a ledger has few signers, and a flood of made-up keys must not fill the memory.
 */
const PARSED_KEYS_MAX = 4_096;
const parsedKeys = new Map<string, KeyObject>();

export function ed25519Verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  if (!admissible(publicKey, signature)) return false;
  try {
    return verify(null, message, parsedPublicKey(publicKey), signature);
  } catch {
    return false; // OpenSSL refuses the key bytes: to the rule that is an invalid signature
  }
}

/** On libuv's threads. The byte rules are cheap and come first, here as there. */
export function ed25519VerifyAside(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (!admissible(publicKey, signature)) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      verify(null, message, parsedPublicKey(publicKey), signature, (error, fits) => resolve(error === null && fits));
    } catch {
      resolve(false);
    }
  });
}

export function ed25519Signer(seed: Bytes): (message: Bytes) => Uint8Array {
  const key = privateKey(seed);
  return (message) => new Uint8Array(sign(null, message, key));
}

export const ed25519Sign = (seed: Bytes, message: Bytes): Uint8Array => ed25519Signer(seed)(message);

export function ed25519PublicKey(seed: Bytes): Uint8Array {
  const der = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(der.length - PUBLIC_KEY_BYTES));
}

function parsedPublicKey(publicKey: Bytes): KeyObject {
  const name = toHex(publicKey);
  const known = parsedKeys.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  if (parsedKeys.size >= PARSED_KEYS_MAX) parsedKeys.clear();
  parsedKeys.set(name, key);
  return key;
}

function privateKey(seed: Bytes): KeyObject {
  requireKeyLength(seed, SEED_BYTES, "an Ed25519 seed");
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  return key;
}
