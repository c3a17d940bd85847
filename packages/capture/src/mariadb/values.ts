/** From a column of the binary log to its canonical type and to the canonical text of its values. */
import { inflateRawSync, inflateSync } from "node:zlib";
import { captureError } from "../errors.ts";
import { Code } from "./codes.ts";
import type { Cursor } from "./cursor.ts";
import { readDecimal } from "./decimal.ts";
import type { LoggedColumn } from "./table-map.ts";
import * as temporal from "./temporal.ts";
import * as types from "./types.ts";

/** Reads one value that is not NULL: canonical text, perhaps a view. */
export type ReadValue = (c: Cursor) => Uint8Array;

export interface Readable {
  readonly type: string;
  readonly read: ReadValue;
}

const BINARY_COLLATION = 63;
const INTEGER_BYTES: ReadonlyMap<number, number> = new Map([
  [Code.tiny, 1],
  [Code.short, 2],
  [Code.int24, 3],
  [Code.long, 4],
]);

/**
 * `hint` is the canonical type that the catalog has for a column of this name, for types that the log does not name.
 * Undefined = a type that this version cannot read.
 */
export function readable(
  column: LoggedColumn,
  charsets: ReadonlyMap<number, string>,
  hint: string | undefined,
): Readable | undefined {
  const { code, meta } = column;
  const bytes = INTEGER_BYTES.get(code);
  if (bytes !== undefined) return { type: types.INTEGER, read: integer(bytes, column.unsigned) };
  const charset = column.collation === BINARY_COLLATION ? null : (charsets.get(column.collation ?? -1) ?? undefined);
  switch (code) {
    case Code.longlong:
      return { type: types.INTEGER, read: column.unsigned ? unsignedLong : signedLong };
    case Code.float:
      return { type: types.FLOAT, read: (c) => ascii(types.floatText(c.buffer.readFloatLE(c.skip(4)))) };
    case Code.double:
      return { type: types.FLOAT, read: (c) => ascii(types.floatText(c.buffer.readDoubleLE(c.skip(8)))) };
    case Code.decimal: {
      const [precision, scale] = [meta & 0xff, meta >> 8];
      return { type: types.decimalType(scale), read: (c) => ascii(readDecimal(c, precision, scale)) };
    }
    case Code.bit: {
      const bits = (meta & 0xff) + 8 * (meta >> 8);
      return { type: types.bitType(bits), read: (c) => hex(c.take((bits + 7) >> 3)) };
    }
    case Code.enum:
      return list("enum", charset, enumeration(meta, column.labels));
    case Code.set:
      return list("set", charset, set(meta, column.labels));
    case Code.geometry:
      return { type: types.GEOMETRY, read: (c) => hex(c.take(c.uint(meta))) };
    default:
      return temporalColumn(column) ?? stringColumn(column, charset, hint);
  }
}

const list = (name: "enum" | "set", charset: string | null | undefined, read: ReadValue): Readable | undefined =>
  charset === null || charset === undefined ? undefined : { type: types.listType(name, charset), read };

function temporalColumn({ code, meta }: LoggedColumn): Readable | undefined {
  const named = (name: string, digits: number, read: (c: Cursor) => string): Readable => ({
    type: digits < 0 ? name : types.temporalType(name, digits),
    read: (c) => ascii(read(c)),
  });
  switch (code) {
    case Code.date:
    case Code.newDate:
      return named(types.DATE, -1, temporal.readDate);
    case Code.year:
      return named(types.YEAR, -1, temporal.readYear);
    case Code.timestamp:
      return named("timestamp", meta, (c) => temporal.readTimestamp(c, meta));
    case Code.datetime:
      return named("datetime", meta, (c) => temporal.readDatetime(c, meta));
    case Code.time:
      return named("time", meta, (c) => temporal.readTime(c, meta));
    case Code.timestampOld:
      return named("timestamp", 0, temporal.readOldTimestamp);
    case Code.datetimeOld:
      return named("datetime", 0, temporal.readOldDatetime);
    case Code.timeOld:
      return named("time", 0, temporal.readOldTime);
    default:
      return undefined;
  }
}

/** `charset` null = bytes that are no text. */
function stringColumn(
  { code, meta }: LoggedColumn,
  charset: string | null | undefined,
  hint: string | undefined,
): Readable | undefined {
  const bytes = stringBytes(code, meta);
  if (bytes === undefined) return undefined;
  if (code === Code.string && hint !== undefined && types.FIXED[hint] === meta)
    return { type: hint, read: hint === "uuid" ? (c) => uuid(padded(bytes(c), meta)) : fixed(bytes, meta) };
  if (charset === undefined) return undefined;
  if (charset !== null) return { type: types.textType(charset), read: bytes };
  if (code === Code.string) return { type: types.binaryType(meta), read: fixed(bytes, meta) };
  return { type: types.BINARY, read: (c) => hex(bytes(c)) };
}

function stringBytes(code: number, meta: number): ((c: Cursor) => Buffer) | undefined {
  switch (code) {
    case Code.string:
    case Code.varchar:
    case Code.varString:
      return meta < 256 ? (c) => c.take(c.u8()) : (c) => c.take(c.uint(2));
    case Code.varcharCompressed:
      return meta < 256 ? (c) => unpacked(c.take(c.u8())) : (c) => unpacked(c.take(c.uint(2)));
    case Code.blob:
      return (c) => c.take(c.uint(meta));
    case Code.blobCompressed:
      return (c) => unpacked(c.take(c.uint(meta)));
    default:
      return undefined;
  }
}

/** The log leaves out the zeros at the end of BINARY. */
const fixed =
  (bytes: (c: Cursor) => Buffer, length: number): ReadValue =>
  (c) =>
    hex(padded(bytes(c), length));

const padded = (data: Buffer, length: number): Buffer =>
  data.length >= length ? data : Buffer.concat([data, Buffer.alloc(length - data.length)]);

/** The log has the bytes in the order of the text. */
function uuid(data: Buffer): Buffer {
  const digits = data.toString("hex");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)];
  return ascii(parts.join("-"));
}

const integer =
  (bytes: number, unsigned: boolean): ReadValue =>
  (c) => {
    const at = c.skip(bytes);
    return ascii(String(unsigned ? c.buffer.readUIntLE(at, bytes) : c.buffer.readIntLE(at, bytes)));
  };
const signedLong: ReadValue = (c) => ascii(String(c.buffer.readBigInt64LE(c.skip(8))));
const unsignedLong: ReadValue = (c) => ascii(String(c.buffer.readBigUInt64LE(c.skip(8))));

function enumeration(meta: number, labels: readonly Buffer[]): ReadValue {
  return (c) => {
    const index = c.uint(meta);
    const label = index === 0 ? Buffer.alloc(0) : labels[index - 1];
    if (label === undefined) throw captureError("capture/malformed-message", "an ENUM of the log has no such label");
    return label;
  };
}

const COMMA = Buffer.from(",");

function set(meta: number, labels: readonly Buffer[]): ReadValue {
  return (c) => {
    const bits = c.take(meta);
    const chosen = labels.filter((_, i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
    return Buffer.concat(chosen.flatMap((label, i) => (i === 0 ? [label] : [COMMA, label])));
  };
}

/** A COMPRESSED column: a byte with method, wrapper and width of the length, the length, the data. Empty has no byte. */
function unpacked(data: Buffer): Buffer {
  if (data.length === 0) return data;
  const head = data[0] ?? 0;
  const method = head >> 4;
  if (method === 0) return data.subarray(1);
  if (method !== 8) throw captureError("capture/unknown-message", "a column is compressed in an unknown way");
  const body = data.subarray(1 + (head & 0x07));
  try {
    return (head & 0x08) === 0 ? inflateSync(body) : inflateRawSync(body);
  } catch {
    throw captureError("capture/malformed-message", "a compressed column cannot be unpacked");
  }
}

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");
const hex = (data: Buffer): Buffer => Buffer.from(data.toString("hex"), "latin1");
