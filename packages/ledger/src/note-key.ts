/** Keys of signed notes: Ed25519 (type 0x01) and timestamped cosignatures (C2SP tlog-cosignature, type 0x04). */
import { type Bytes, concat, equal, fromBase64, invariant, toBase64, toHex, utf8 } from "@anamnesis/core";
import type { Primitives, PurePrimitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { assertNoteText, isKeyName, type NoteSignature } from "./note-format.ts";

/** One entry per kind of key; nobody below lists them again. */
const TYPES = [
  { type: "ed25519", byte: 0x01 },
  { type: "cosignature/v1", byte: 0x04 },
] as const;
export type NoteKeyType = (typeof TYPES)[number]["type"];

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  readonly type: NoteKeyType;
  readonly publicKey: Uint8Array;
  /** `undefined` when the signature is wrong; `time` (seconds since 1970) for cosignatures. Never throws. */
  verify(p: PurePrimitives, message: Bytes, signature: Bytes): { readonly time?: number } | undefined;
}

/** Signs texts; the seed stays inside. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: number;
  /** `name+hash+base64`, for whoever shall check the signatures. */
  readonly verifierKey: string;
  sign(text: string): NoteSignature;
}

/** Signs checkpoints with the time: "as of then, this is the largest consistent tree I have seen". */
export interface Cosigner {
  readonly name: string;
  readonly keyId: number;
  readonly verifierKey: string;
  /** @param time seconds since 1970 */
  cosign(text: string, time: number): NoteSignature;
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;

export function noteSigner(p: Primitives, name: string, seed: Bytes): NoteSigner {
  const key = keyOf(p, name, "ed25519", p.ed25519PublicKey(seed));
  const sign = p.ed25519Signer(seed);
  return {
    ...key,
    sign(text) {
      assertNoteText(text);
      return { name, keyId: key.keyId, signature: sign(utf8(text)) };
    },
  };
}

export function cosigner(p: Primitives, name: string, seed: Bytes): Cosigner {
  const key = keyOf(p, name, "cosignature/v1", p.ed25519PublicKey(seed));
  const sign = p.ed25519Signer(seed);
  return {
    ...key,
    cosign(text, time) {
      assertNoteText(text);
      invariant(Number.isSafeInteger(time) && time >= 0, "a time in seconds");
      const stamp = new Uint8Array(TIME_BYTES);
      new DataView(stamp.buffer).setBigUint64(0, BigInt(time));
      return { name, keyId: key.keyId, signature: concat(stamp, sign(cosignedMessage(time, utf8(text)))) };
    },
  };
}

const cosignedMessage = (time: number, text: Bytes): Uint8Array => concat(utf8(`cosignature/v1\ntime ${time}\n`), text);

function keyOf(p: PurePrimitives, name: string, type: NoteKeyType, publicKey: Bytes) {
  invariant(isKeyName(name), "the name of a note key");
  const material = concat(Uint8Array.of(typeByte(type)), publicKey);
  const id = keyIdBytes(p, name, material);
  return {
    name,
    keyId: new DataView(id.buffer).getUint32(0),
    verifierKey: `${name}+${toHex(id)}+${toBase64(material)}`,
  };
}

function typeByte(type: NoteKeyType): number {
  const entry = TYPES.find((t) => t.type === type);
  invariant(entry !== undefined, "a known type of note key");
  return entry.byte;
}

const keyIdBytes = (p: PurePrimitives, name: string, material: Bytes): Uint8Array =>
  p.sha256(concat(utf8(`${name}\n`), material)).slice(0, 4);

/**
 * Reads `name+hash+base64`; the hash must fit the rest.
 * @throws AnamnesisError `ledger/malformed`, or `ledger/unknown-suite` for another type of key
 */
export function parseVerifierKey(p: PurePrimitives, text: string): NoteVerifier {
  const [, name, hash, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,8192})$/.exec(text) ?? [];
  if (name === undefined || hash === undefined || encoded === undefined || !isKeyName(name)) {
    throw malformed("it is not `name+hash+base64`");
  }
  const material = keyMaterial(encoded);
  const id = keyIdBytes(p, name, material);
  if (toHex(id) !== hash) throw malformed("name, hash and key do not belong together");
  const entry = TYPES.find((t) => t.byte === material[0]);
  if (entry === undefined) throw ledgerError("ledger/unknown-suite", "verifier key of a type that is not supported");
  if (material.length !== 1 + KEY_BYTES) throw malformed("the key is not 32 bytes long");
  return noteVerifier(p, name, entry.type, material.slice(1));
}

function keyMaterial(encoded: string): Uint8Array {
  try {
    return fromBase64(encoded);
  } catch {
    throw malformed("the key is not base64");
  }
}

export function noteVerifier(p: PurePrimitives, name: string, type: NoteKeyType, publicKey: Bytes): NoteVerifier {
  invariant(publicKey.length === KEY_BYTES, "a 32-byte public key");
  const { keyId } = keyOf(p, name, type, publicKey);
  const verify = type === "ed25519" ? plain(publicKey) : timestamped(publicKey);
  return { name, keyId, type, publicKey, verify };
}

const plain =
  (key: Bytes): NoteVerifier["verify"] =>
  (p, message, signature) =>
    signature.length === SIGNATURE_BYTES && p.ed25519Verify(key, message, signature) ? {} : undefined;

const timestamped =
  (key: Bytes): NoteVerifier["verify"] =>
  (p, message, signature) => {
    if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
    const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
    if (!Number.isSafeInteger(time)) return undefined;
    const signed = cosignedMessage(time, message);
    return p.ed25519Verify(key, signed, signature.subarray(TIME_BYTES)) ? { time } : undefined;
  };

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad verifier key: ${why}`);
}

/** Whether two verifiers are the same key under the same name. */
export const sameVerifier = (a: NoteVerifier, b: NoteVerifier): boolean =>
  a.name === b.name && a.type === b.type && equal(a.publicKey, b.publicKey);
