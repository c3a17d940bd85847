/** Another value in the same bytes: what an insider with a hex editor can do without moving anything. */
import type { Field } from "./tuple.ts";

/** Changes the value in place; false when this type or form is left alone. */
export function changeValue(tuple: Uint8Array, field: Field): boolean {
  if (field.form !== "plain") return false;
  const bytes = tuple.subarray(field.at, field.at + field.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (field.column.type) {
    case "boolean":
      bytes[0] = 1 - (bytes[0] ?? 0);
      return true;
    case "smallint":
      view.setInt16(0, view.getInt16(0, true) + 1, true);
      return true;
    case "date":
      view.setInt32(0, view.getInt32(0, true) + 1, true);
      return true;
    case "timestamp with time zone":
      view.setBigInt64(0, view.getBigInt64(0, true) + 1n, true); // one microsecond
      return true;
    case "double precision":
      view.setFloat64(0, view.getFloat64(0, true) + 0.5, true);
      return true;
    case "text":
      return changeLetter(bytes);
    case "bytea":
      return flipBit(bytes);
    default:
      return field.column.type.startsWith("numeric") || field.column.type === "positive_amount"
        ? changeNumeric(view)
        : false;
  }
}

/** The last letter becomes its neighbour in the alphabet: still valid text in every encoding. */
export function changeLetter(bytes: Uint8Array): boolean {
  const at = bytes.findLastIndex((c) => (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a));
  if (at < 0) return false;
  const c = bytes[at] ?? 0;
  bytes[at] = (c & 0x1f) === 26 ? c - 1 : c + 1;
  return true;
}

function flipBit(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return true;
}

const SHORT = 0x8000;
const SPECIAL = 0xc000;
const DIGIT_MAX = 9_999;

/** A numeric is one or two header words and its digits to base 10,000; the first digit is one more, or one less. */
function changeNumeric(view: DataView): boolean {
  const header = view.getUint16(0, true);
  if ((header & SPECIAL) === SPECIAL) return false; // NaN, infinities
  const digits = (header & SHORT) === SHORT ? 2 : 4;
  if (view.byteLength < digits + 2) return false; // zero has no digits
  const first = view.getInt16(digits, true);
  view.setInt16(digits, first < DIGIT_MAX ? first + 1 : first - 1, true);
  return true;
}
