/**
 * DAG-CBOR, the one encoding of everything that is signed or hashed (spec/encoding.md).
 *
 * The library accepts some inputs that it would never write (map keys out of order, for instance); what is hashed
 * must have one form only, so `decode` writes the value back and demands the same bytes.
 */
import * as dagCbor from "@ipld/dag-cbor";
import { type Bytes, equal } from "./bytes.ts";
import { AnamnesisError, type CoreErrorCode } from "./errors.ts";

export type Cbor =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Cbor[]
  | { readonly [key: string]: Cbor };

/** Canonical bytes of a value. Integers above 2^53 are `bigint`; floats are not used anywhere in our formats. */
export function encode(value: Cbor): Uint8Array {
  return plain(dagCbor.encode(value));
}

/** The library hands out Node's `Buffer` where it can, whose `slice` shares memory: we speak plain `Uint8Array` only. */
const plain = (b: Uint8Array): Uint8Array =>
  b.constructor === Uint8Array ? b : new Uint8Array(b.buffer, b.byteOffset, b.length);

/** @throws AnamnesisError `core/bad-encoding` on anything that is not exactly one canonical DAG-CBOR value. */
export function decode(bytes: Bytes, what = "value"): Cbor {
  let value: Cbor;
  try {
    value = dagCbor.decode(plain(bytes));
  } catch (cause) {
    throw badEncoding(what, cause instanceof Error ? cause.message : "not DAG-CBOR");
  }
  if (!equal(dagCbor.encode(value), bytes)) throw badEncoding(what, "not in canonical form");
  return value;
}

export function badEncoding(what: string, why: string): AnamnesisError<CoreErrorCode> {
  return new AnamnesisError("core/bad-encoding", `cannot read ${what}: ${why}`, { what });
}
