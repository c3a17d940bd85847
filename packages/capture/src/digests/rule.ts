/**
 * Which bytes of a row a commitment covers (spec/encoding.md, "Row bytes with digests"). Where updates may leave large
 * values out, every long field is replaced by its digest under the row's key, so that a row can be committed to again
 * without its long fields being seen again. The fingerprint in each event says which rule it follows.
 */
import { type Bytes, type Cbor, encode, toHex, utf8 } from "@anamnesis/core";
import type { FieldSealer, Primitives } from "@anamnesis/crypto";
import type { ColumnSchema, Identity, SchemaRules, TableSchema } from "../source.ts";

/** Longer fields of the row bytes are replaced, escapes counted. Shorter ones cost less as they are. */
export const FIELD_BYTES_MAX = 256;

const TAB = 0x09;
/** COPY never writes this escape, so nothing else reads like it. */
const MARK = utf8("\\D");

/** Fingerprint of columns whose rows are committed to whole: all that a source needs whose updates are always whole. */
export function schemaFingerprint(p: Primitives, columns: readonly Omit<ColumnSchema, "large">[]): Uint8Array {
  return fingerprint(p, "anamnesis/schema/v1", columns);
}

/** The fingerprints of a table's columns under both rules, and the one that capture follows. */
export function rulesOf(
  p: Primitives,
  columns: readonly ColumnSchema[],
  identity: Identity,
): { readonly schemaId: Uint8Array; readonly rules: SchemaRules } {
  const digests = fingerprint(p, "anamnesis/schema-digests/v1", columns);
  const rules = { whole: schemaFingerprint(p, columns), digests };
  const mayLack = identity === "key" && columns.some((c) => c.large);
  return { schemaId: mayLack ? rules.digests : rules.whole, rules };
}

/** Whether commitments to rows of this table cover digests of the long fields. */
export const sealsDigests = (table: TableSchema): boolean =>
  table.rules !== undefined && sameId(table.schemaId, table.rules.digests);

/** The rule that an event follows by its fingerprint; undefined when it covers other columns than the table's. */
export function ruleOf(table: TableSchema, bytes: Bytes, at: number): "whole" | "digests" | undefined {
  const { rules, schemaId } = table;
  if (rules === undefined) return sameId(schemaId, bytes, at) ? "whole" : undefined;
  if (sameId(rules.whole, bytes, at)) return "whole";
  return sameId(rules.digests, bytes, at) ? "digests" : undefined;
}

/** A field as it stands in row bytes with digests. */
export function shortened(sealer: FieldSealer, field: Bytes): Bytes {
  return field.length > FIELD_BYTES_MAX ? digestField(sealer.fieldDigest(field)) : field;
}

/** What stands for a field of which only the digest is known. */
export const digestField = (digest: Bytes): Uint8Array => Buffer.concat([MARK, utf8(toHex(digest))]);

/** Whether row bytes with digests differ from plain ones. */
export function hasLongField(row: Bytes): boolean {
  for (let start = 0; row.length - start > FIELD_BYTES_MAX; ) {
    const end = row.indexOf(TAB, start);
    if ((end < 0 ? row.length : end) - start > FIELD_BYTES_MAX) return true;
    start = end + 1;
  }
  return false;
}

/** Row bytes with digests from plain row bytes; the same object when no field is long. */
export function withDigests(sealer: FieldSealer, row: Bytes): Bytes {
  if (row.length <= FIELD_BYTES_MAX) return row;
  const parts: Bytes[] = [];
  let copied = 0;
  for (let start = 0; start <= row.length; ) {
    let end = row.indexOf(TAB, start);
    if (end < 0) end = row.length;
    if (end - start > FIELD_BYTES_MAX) {
      parts.push(row.subarray(copied, start), shortened(sealer, row.subarray(start, end)));
      copied = end;
    }
    start = end + 1;
  }
  return parts.length === 0 ? row : Buffer.concat([...parts, row.subarray(copied)]);
}

/** Fields, already escaped or replaced, as one row. */
export function joinFields(fields: readonly Bytes[]): Uint8Array {
  const parts: Bytes[] = [];
  for (const [i, field] of fields.entries()) {
    if (i > 0) parts.push(SEPARATOR);
    parts.push(field);
  }
  return Buffer.concat(parts);
}

function fingerprint(p: Primitives, label: string, columns: readonly Omit<ColumnSchema, "large">[]): Uint8Array {
  const list: Cbor = columns.map((c) => [c.name, c.type, c.modifier]);
  return p.sha256(encode([label, list])).slice(0, 8);
}

const SEPARATOR = Uint8Array.of(TAB);

function sameId(id: Bytes, bytes: Bytes, at = 0): boolean {
  for (let i = 0; i < id.length; i++) if (bytes[at + i] !== id[i]) return false;
  return true;
}
