/** Reading decoded CBOR: each reader returns the value with its type or throws `core/bad-encoding` naming the field. */
import { badEncoding, type Cbor } from "./cbor.ts";

export function asTuple(value: Cbor | undefined, length: number, what: string): readonly Cbor[] {
  if (!Array.isArray(value) || value.length !== length) throw badEncoding(what, `expected a list of ${length}`);
  return value as readonly Cbor[];
}

export function asList(value: Cbor | undefined, max: number, what: string): readonly Cbor[] {
  if (!Array.isArray(value) || value.length > max) throw badEncoding(what, `expected a list of at most ${max}`);
  return value as readonly Cbor[];
}

export function asText(value: Cbor | undefined, maxLength: number, what: string): string {
  if (typeof value !== "string" || value.length > maxLength) {
    throw badEncoding(what, `expected text of at most ${maxLength} characters`);
  }
  return value;
}

export function asBytes(value: Cbor | undefined, length: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw badEncoding(what, `expected ${length} bytes`);
  return value;
}

export function asBytesUpTo(value: Cbor | undefined, max: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > max) throw badEncoding(what, `expected at most ${max} bytes`);
  return value;
}

/** A non-negative integer that a JavaScript number holds exactly. */
export function asUint(value: Cbor | undefined, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw badEncoding(what, "expected an unsigned integer");
  return value;
}

/** A non-negative integer below 2^64, as `bigint`. */
export function asUint64(value: Cbor | undefined, what: string): bigint {
  if ((typeof value === "number" && Number.isSafeInteger(value)) || typeof value === "bigint") {
    const wide = BigInt(value);
    if (wide >= 0n && wide < 1n << 64n) return wide;
  }
  throw badEncoding(what, "expected an unsigned 64-bit integer");
}
