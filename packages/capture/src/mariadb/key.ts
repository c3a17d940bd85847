/** The row with one key: its texts as a condition that the database answers by an index where it can. */
import { captureError } from "../errors.ts";
import { verifyError } from "../verify/errors.ts";
import type { MariaTable } from "./catalog.ts";
import { quoteName } from "./connect.ts";
import { BINARY, DATE, FIXED, FLOAT, INTEGER, YEAR } from "./types.ts";

/** @throws AnamnesisError `capture/malformed-key` when a text is no value of its column's type */
export function keyCondition(table: MariaTable, key: readonly string[]): string {
  const parts = table.keyColumns.map((index, i) => {
    const column = table.columns[index];
    const text = key[i];
    if (column === undefined || text === undefined)
      throw captureError("capture/malformed-row", "the key has too few parts");
    const condition = conditionOf(quoteName(column.name), column.type, text);
    if (condition !== undefined) return condition;
    const types = table.keyColumns.map((place) => table.columns[place]?.type ?? "?").join("|");
    throw verifyError("capture/malformed-key", `the database cannot read the key as ${types}`, { table: table.name });
  });
  return ` WHERE ${parts.join(" AND ")}`;
}

/** Whether the database orders the key as its texts can be compared with it again: then it can be read in stretches. */
export const isOrdered = (table: MariaTable): boolean =>
  table.keyColumns.length > 0 && table.keyColumns.every((i) => ORDERED.test(table.columns[i]?.type ?? ""));

const ORDERED = /^(?:integer|year|date|uuid|decimal\(|datetime\(|timestamp\(|time\(|text (?:utf8mb[34]|ascii)$|binary)/;

/** Rows from the key on, in key order. */
export const atOrAfter = (table: MariaTable, key: readonly string[]): string => lexicographic(table, key, ">", ">=");
/** Rows before the key. */
export const before = (table: MariaTable, key: readonly string[]): string => lexicographic(table, key, "<", "<");

/** Spelled out, because the database uses no index for the comparison of lists. */
function lexicographic(table: MariaTable, key: readonly string[], strictly: string, last: string): string {
  const terms = table.keyColumns.map((_, i) => {
    const parts = table.keyColumns.slice(0, i + 1).map((index, j) => {
      const column = table.columns[index];
      const operator = j < i ? "=" : i === table.keyColumns.length - 1 ? last : strictly;
      const value = column === undefined ? undefined : literalOf(column.type, key[j] ?? "");
      if (column === undefined || value === undefined)
        throw captureError("capture/malformed-row", "a place in the table cannot be read");
      return `${quoteName(column.name)} ${operator} ${value}`;
    });
    return `(${parts.join(" AND ")})`;
  });
  return `(${terms.join(" OR ")})`;
}

const NUMBER = /^-?\d{1,65}(?:\.\d{1,38})?$/;
const TIME = /^[-\d][-\d:. ]{0,30}$/;
const DIGITS = /^(?:[0-9a-f]{2})*$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The value as SQL; undefined when the text is none of the type. */
function literalOf(type: string, text: string): string | undefined {
  const bytes = `X'${Buffer.from(text).toString("hex")}'`;
  if (type === INTEGER || type === YEAR) return /^-?\d{1,20}$/.test(text) ? text : undefined;
  if (type.startsWith("decimal(")) return NUMBER.test(text) ? text : undefined;
  if (type === DATE || /^(?:datetime|timestamp|time)\(/.test(type))
    return TIME.test(text) ? `CONVERT(${bytes} USING ascii)` : undefined;
  if (type === "uuid") return UUID.test(text) ? `CONVERT(${bytes} USING ascii)` : undefined;
  if (type === BINARY || type.startsWith("binary(")) return DIGITS.test(text) ? `X'${text}'` : undefined;
  const charset = TEXT.exec(type)?.[1];
  return charset && `CONVERT(${bytes} USING ${charset})`;
}

const TEXT = /^(?:text|enum|set) (\w+)$/;

function conditionOf(name: string, type: string, text: string): string | undefined {
  const value = literalOf(type, text);
  // The collation finds the row, and may find others as well ("a" = "A"); the bytes decide.
  if (value !== undefined && TEXT.test(type))
    return `${name} = ${value} AND BINARY ${name} = X'${Buffer.from(text).toString("hex")}'`;
  if (value !== undefined) return `${name} = ${value}`;
  if (type === FLOAT)
    return text !== "" && Number.isFinite(Number(text)) ? `${name} + 0e0 = ${Number(text).toExponential()}` : undefined;
  const fixed = FIXED[type];
  if (fixed !== undefined && type !== "uuid")
    return DIGITS.test(text) ? `CAST(${name} AS BINARY(${fixed})) = X'${text}'` : undefined;
  return type.startsWith("bit(") && DIGITS.test(text) ? `${name} + 0 = CAST(0x${text || "00"} AS UNSIGNED)` : undefined;
}
