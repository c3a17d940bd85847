/**
 * Single fields of a row under the row's own key: a digest that stands for a large field in the row bytes
 * (spec/encoding.md, "Row bytes with digests"), and a veil for small ones that a local store has to keep. Destroying the
 * key makes both worthless.
 */
import { type Bytes, concat, equal, utf8 } from "@anamnesis/core";

const FIELD = utf8("anamnesis/field/v1\0");
const VEIL = utf8("anamnesis/veil/v1\0");
const NONCE = utf8("n");
const STREAM = utf8("s");
const NAME = utf8("k");
const NONCE_BYTES = 16;
const TAG_BYTES = 32;
const KEY_NAME_BYTES = 8;

export interface FieldSealer {
  /** 32 bytes for a field as it stands in the row bytes. Equal fields have equal digests. */
  fieldDigest(field: Bytes): Uint8Array;
  /** 8 bytes that tell this key from others and nothing else. */
  keyName(): Uint8Array;
  /**
   * Encrypts a short text: a nonce made from key and text (RFC 5297's idea: no counter to lose, and the nonce proves the
   * text), then HMAC as the key stream. 16 bytes longer than the text; equal texts give equal bytes.
   */
  veil(text: Bytes): Uint8Array;
  /** The text again; undefined when the bytes were not made under this key. */
  unveil(veiled: Bytes): Uint8Array | undefined;
}

export function fieldSealer(mac: (message: Bytes) => Uint8Array): FieldSealer {
  const nonceOf = (text: Bytes) => mac(concat(VEIL, NONCE, text)).subarray(0, NONCE_BYTES);
  return {
    fieldDigest: (field) => mac(concat(FIELD, field)),
    keyName: () => mac(concat(VEIL, NAME)).slice(0, KEY_NAME_BYTES),
    veil(text) {
      const nonce = nonceOf(text);
      return concat(nonce, masked(mac, nonce, text));
    },
    unveil(veiled) {
      if (veiled.length < NONCE_BYTES) return undefined;
      const nonce = veiled.subarray(0, NONCE_BYTES);
      const text = masked(mac, nonce, veiled.subarray(NONCE_BYTES));
      return equal(nonceOf(text), nonce) ? text : undefined;
    },
  };
}

/** XOR with H(key, nonce ‖ 0), H(key, nonce ‖ 1), …: its own inverse. */
function masked(mac: (message: Bytes) => Uint8Array, nonce: Bytes, text: Bytes): Uint8Array {
  const out = new Uint8Array(text.length);
  const counter = new DataView(new ArrayBuffer(4));
  for (let at = 0; at < text.length; at += TAG_BYTES) {
    counter.setUint32(0, at / TAG_BYTES);
    const block = mac(concat(VEIL, STREAM, nonce, new Uint8Array(counter.buffer)));
    for (let i = 0; i < TAG_BYTES && at + i < text.length; i++) out[at + i] = (text[at + i] ?? 0) ^ (block[i] ?? 0);
  }
  return out;
}
