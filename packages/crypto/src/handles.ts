/** Opaque names for tables, rows and people (spec/encoding.md, "Handles and commitments"). */
import { type Bytes, compare, concat, utf8 } from "@anamnesis/core";
import { cryptoError, requireKeyLength } from "./errors.ts";
import type { KeyStates, Lanes } from "./lanes/lanes.ts";
import type { Primitives } from "./primitives.ts";
import { type KeyHolder, STATES } from "./states.ts";

export const KEY_BYTES = 32;
export const TABLE_BYTES = 8;
export const ROW_BYTES = 16;
const ACTOR_BYTES = 16;

const TABLE = utf8("table\0");
export const ROW = utf8("row\0");
const ACTOR = utf8("actor\0");
const SUBJECT = utf8("subject\0");

export interface Handles extends KeyHolder {
  /** 8 bytes for a qualified table name (`schema.table`). */
  table(qualifiedName: string): Uint8Array;
  /** 16 bytes for a row of a table with a key. @throws AnamnesisError `crypto/bad-field` unless `table` has 8 bytes. */
  row(table: Bytes, keyBytes: Bytes): Uint8Array;
  /** 16 bytes for the name of a person or service at the source. */
  actor(name: string): Uint8Array;
}

/**
 * Handles under one source's handle key (32 bytes). Whoever has not the key cannot tell what a handle stands for, nor
 * try names until one fits. @throws AnamnesisError `crypto/bad-key` on a key of another length.
 */
export function handles(p: Primitives, handleKey: Bytes): Handles {
  requireKeyLength(handleKey, KEY_BYTES, "a handle key");
  const key = handleKey.slice();
  const mac = p.hmacSha256(key);
  let states: KeyStates | undefined;
  return {
    [STATES](lanes: Lanes): KeyStates {
      states ??= lanes.keyStates(key);
      return states;
    },
    table: (qualifiedName) => mac(concat(TABLE, utf8(qualifiedName))).slice(0, TABLE_BYTES),
    row(table, keyBytes) {
      requireField(table, TABLE_BYTES, "table handle");
      return mac(concat(ROW, table, keyBytes)).slice(0, ROW_BYTES);
    },
    actor: (name) => mac(concat(ACTOR, utf8(name))).slice(0, ACTOR_BYTES),
  };
}

/**
 * Key for a row about two patients: HMAC of one subject key over the other, in byte order, so that the order of the
 * arguments does not matter and destroying either key destroys this one.
 * @throws AnamnesisError `crypto/bad-key` unless both have 32 bytes.
 */
export function pairSubjectKey(p: Primitives, k1: Bytes, k2: Bytes): Uint8Array {
  requireKeyLength(k1, KEY_BYTES, "a subject key");
  requireKeyLength(k2, KEY_BYTES, "a subject key");
  const [first, second] = compare(k1, k2) <= 0 ? [k1, k2] : [k2, k1];
  return p.hmacSha256(first)(concat(SUBJECT, second));
}

/** Fields of fixed length are what makes the encodings unambiguous. @throws AnamnesisError `crypto/bad-field`. */
export function requireField(value: Bytes, length: number, what: string): void {
  if (value.length === length) return;
  throw cryptoError("crypto/bad-field", `${what} must have ${length} bytes, not ${value.length}`, {
    what,
    expected: length,
    actual: value.length,
  });
}
