/** What is kept of a row whose large values an update may leave out: per column a digest, or a short text under a veil. */
import { type Bytes, concat } from "@anamnesis/core";
import { captureError } from "../errors.ts";

export interface KeptField {
  readonly kind: "digest" | "veiled";
  readonly bytes: Uint8Array;
}

export interface RowNote {
  /** 8 bytes: which key the fields are under. */
  readonly keyName: Uint8Array;
  /** By the column's number in the store. */
  readonly fields: ReadonlyMap<number, KeptField>;
}

const HEADER_BYTES = 5;

/** Per field: column u16, kind u8 (0 = digest), length u16, bytes. */
export function encodeFields(fields: RowNote["fields"]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [column, { kind, bytes }] of fields) {
    const header = new DataView(new ArrayBuffer(HEADER_BYTES));
    header.setUint16(0, column);
    header.setUint8(2, kind === "digest" ? 0 : 1);
    header.setUint16(3, bytes.length);
    parts.push(new Uint8Array(header.buffer), bytes);
  }
  return concat(...parts);
}

/** @throws AnamnesisError `capture/damaged-store` on bytes that `encodeFields` did not write. */
export function decodeFields(bytes: Bytes): RowNote["fields"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = new Map<number, KeptField>();
  for (let at = 0; at < bytes.length; ) {
    if (at + HEADER_BYTES > bytes.length) throw damaged();
    const end = at + HEADER_BYTES + view.getUint16(at + 3);
    const kind = view.getUint8(at + 2);
    if (end > bytes.length || kind > 1) throw damaged();
    const kept = bytes.slice(at + HEADER_BYTES, end);
    fields.set(view.getUint16(at), { kind: kind === 0 ? "digest" : "veiled", bytes: kept });
    at = end;
  }
  return fields;
}

const damaged = () =>
  captureError("capture/damaged-store", "the store of field digests is damaged: stop capture and delete it", {
    store: "field digests",
  });
