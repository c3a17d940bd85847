/**
 * Row commitments: a tag per version of a row that anyone holding the row and its subject key can check, and nobody
 * can once the key is destroyed (spec/encoding.md, "Handles and commitments").
 *
 * Capture makes one for every changed row, so the message is put together in a buffer that all sealers share; the
 * functions are synchronous and the tag is taken before the next message is written.
 */
import { type Bytes, concat, utf8 } from "@anamnesis/core";
import { cryptoError, requireKeyLength } from "./errors.ts";
import { type FieldSealer, fieldSealer } from "./field.ts";
import { KEY_BYTES, ROW, ROW_BYTES, requireField, TABLE_BYTES } from "./handles.ts";
import type { KeyStates, Lanes } from "./lanes/lanes.ts";
import type { Primitives } from "./primitives.ts";
import { type KeyHolder, STATES } from "./states.ts";

export const LABEL = utf8("anamnesis/row/v1\0");
const SCHEMA_BYTES = 8;
export const TABLE_AT = LABEL.length;
export const ROW_AT = TABLE_AT + TABLE_BYTES;
export const SCHEMA_AT = ROW_AT + ROW_BYTES;
export const LSN_AT = SCHEMA_AT + SCHEMA_BYTES;
export const ORDINAL_AT = LSN_AT + 8;
export const HEADER_BYTES = ORDINAL_AT + 4;

const LSN_MAX = 2n ** 64n - 1n;
const ORDINAL_MAX = 2 ** 32 - 1;
/** Rows above this get a buffer of their own, so that one huge row is not remembered for ever. */
const SHARED_ROW_BYTES_MAX = 65_536 - HEADER_BYTES;

interface Message {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const shared = message(HEADER_BYTES + SHARED_ROW_BYTES_MAX);

export interface RowSealer extends FieldSealer, KeyHolder {
  /**
   * The 32-byte commitment to a row as it stands after the event at (`lsn`, `ordinal`). `table` and `schema` have 8
   * bytes, `row` 16, `lsn` is below 2^64 and `ordinal` below 2^32; `rowBytes` is the row in COPY text form.
   * @throws AnamnesisError `crypto/bad-field` on any other length or range.
   */
  commitment(table: Bytes, row: Bytes, schema: Bytes, lsn: bigint, ordinal: number, rowBytes: Bytes): Uint8Array;
  /**
   * The 16-byte handle of a row whose table has no key: equal rows have equal handles.
   * @throws AnamnesisError `crypto/bad-field` unless `table` has 8 bytes.
   */
  keylessRow(table: Bytes, rowBytes: Bytes): Uint8Array;
}

/** Sealer under one subject key (32 bytes). @throws AnamnesisError `crypto/bad-key` on a key of another length. */
export function rowSealer(p: Primitives, subjectKey: Bytes): RowSealer {
  requireKeyLength(subjectKey, KEY_BYTES, "a subject key");
  return new KeySealer(p, subjectKey.slice());
}

/** Tens of thousands are kept at a time, so it holds its key and prepares the rest when it is asked for. */
class KeySealer implements RowSealer {
  readonly #p: Primitives;
  readonly #key: Uint8Array;
  #prepared: ((message: Bytes) => Uint8Array) | undefined;
  #states: KeyStates | undefined;

  constructor(p: Primitives, key: Uint8Array) {
    this.#p = p;
    this.#key = key;
  }

  [STATES](lanes: Lanes): KeyStates {
    this.#states ??= lanes.keyStates(this.#key);
    return this.#states;
  }

  commitment(table: Bytes, row: Bytes, schema: Bytes, lsn: bigint, ordinal: number, rowBytes: Bytes): Uint8Array {
    requireFields(table, row, schema, lsn, ordinal);
    const { bytes, view } = rowBytes.length > SHARED_ROW_BYTES_MAX ? message(HEADER_BYTES + rowBytes.length) : shared;
    bytes.set(table, TABLE_AT);
    bytes.set(row, ROW_AT);
    bytes.set(schema, SCHEMA_AT);
    view.setBigUint64(LSN_AT, lsn);
    view.setUint32(ORDINAL_AT, ordinal);
    bytes.set(rowBytes, HEADER_BYTES);
    return this.#mac(bytes.subarray(0, HEADER_BYTES + rowBytes.length));
  }

  keylessRow(table: Bytes, rowBytes: Bytes): Uint8Array {
    requireField(table, TABLE_BYTES, "table handle");
    return this.#mac(concat(ROW, table, rowBytes)).slice(0, ROW_BYTES);
  }

  fieldDigest(field: Bytes): Uint8Array {
    return this.#fields.fieldDigest(field);
  }

  keyName(): Uint8Array {
    return this.#fields.keyName();
  }

  veil(text: Bytes): Uint8Array {
    return this.#fields.veil(text);
  }

  unveil(veiled: Bytes): Uint8Array | undefined {
    return this.#fields.unveil(veiled);
  }

  get #fields(): FieldSealer {
    return fieldSealer(this.#mac);
  }

  get #mac(): (message: Bytes) => Uint8Array {
    this.#prepared ??= this.#p.hmacSha256(this.#key);
    return this.#prepared;
  }
}

function message(length: number): Message {
  const bytes = new Uint8Array(length);
  bytes.set(LABEL);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** @throws AnamnesisError `crypto/bad-field` unless every part has its length and range. */
export function requireFields(table: Bytes, row: Bytes, schema: Bytes, lsn: bigint, ordinal: number): void {
  requireField(table, TABLE_BYTES, "table handle");
  requireField(row, ROW_BYTES, "row handle");
  requireField(schema, SCHEMA_BYTES, "schema fingerprint");
  if (lsn < 0n || lsn > LSN_MAX) throw cryptoError("crypto/bad-field", "lsn must be an unsigned 64-bit integer");
  if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal > ORDINAL_MAX) {
    throw cryptoError("crypto/bad-field", "ordinal must be an unsigned 32-bit integer");
  }
}
