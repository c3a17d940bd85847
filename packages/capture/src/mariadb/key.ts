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

const NUMBER = /^-?\d{1,65}(?:\.\d{1,38})?$/;
const TIME = /^[-\d][-\d:. ]{0,30}$/;
const DIGITS = /^(?:[0-9a-f]{2})*$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function conditionOf(name: string, type: string, text: string): string | undefined {
  const bytes = `X'${Buffer.from(text).toString("hex")}'`;
  if (type === INTEGER || type === YEAR) return /^-?\d{1,20}$/.test(text) ? `${name} = ${text}` : undefined;
  if (type.startsWith("decimal(")) return NUMBER.test(text) ? `${name} = ${text}` : undefined;
  if (type === FLOAT)
    return text !== "" && Number.isFinite(Number(text)) ? `${name} + 0e0 = ${Number(text).toExponential()}` : undefined;
  if (type === DATE || /^(?:datetime|timestamp|time)\(/.test(type))
    return TIME.test(text) ? `${name} = CONVERT(${bytes} USING ascii)` : undefined;
  if (type === "uuid") return UUID.test(text) ? `${name} = CONVERT(${bytes} USING ascii)` : undefined;
  if (type === BINARY || type.startsWith("binary(")) return DIGITS.test(text) ? `${name} = X'${text}'` : undefined;
  const fixed = FIXED[type];
  if (fixed !== undefined) return DIGITS.test(text) ? `CAST(${name} AS BINARY(${fixed})) = X'${text}'` : undefined;
  if (type.startsWith("bit("))
    return DIGITS.test(text) ? `${name} + 0 = CAST(0x${text || "00"} AS UNSIGNED)` : undefined;
  const charset = /^(?:text|enum|set) (\w+)$/.exec(type)?.[1];
  // The collation finds the row, and may find others as well ("a" = "A"); the bytes decide.
  return charset && `${name} = CONVERT(${bytes} USING ${charset}) AND BINARY ${name} = ${bytes}`;
}
