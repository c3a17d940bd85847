/**
 * Canonical column types and texts of MariaDB (spec/mariadb.md). Two ways lead to the text of a value: the server's own text
 * in a SELECT, and the bytes of the binary log. Both end here, in the same form, or every row would look altered.
 *
 * A canonical type says what decides the text, and no more: widening an INT or a VARCHAR keeps every text, so it keeps the
 * type. Texts stay in the column's character set, as stored; what is no text is written in hexadecimal digits.
 */
import { captureError } from "../errors.ts";

/** How the server's text of a value becomes the canonical one. */
export type Form = "text" | "number" | "float" | "hex";

export interface CatalogColumn {
  readonly dataType: string;
  readonly columnType: string;
  readonly charset: string | null;
  readonly scale: number | null;
  readonly fraction: number | null;
  readonly octets: number | null;
  readonly precision: number | null;
}

export interface CanonicalType {
  readonly type: string;
  readonly form: Form;
}

const GEOMETRIES: ReadonlySet<string> = new Set([
  ...["geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"],
  "geometrycollection",
]);
const TEXTS: ReadonlySet<string> = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const BINARIES: ReadonlySet<string> = new Set(["varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"]);
const INTEGERS: ReadonlySet<string> = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);

export const INTEGER = "integer";
export const FLOAT = "float";
export const GEOMETRY = "geometry";
export const BINARY = "binary";
export const YEAR = "year";
export const DATE = "date";
export const decimalType = (scale: number): string => `decimal(${scale})`;
export const binaryType = (bytes: number): string => `binary(${bytes})`;
export const bitType = (bits: number): string => `bit(${(bits + 7) >> 3})`;
export const temporalType = (name: string, digits: number): string => `${name}(${digits})`;
export const textType = (charset: string): string => `text ${charset}`;
export const listType = (name: "enum" | "set", charset: string): string => `${name} ${charset}`;
/** Types that the log stores as fixed bytes and only the catalog can name. */
export const FIXED: Readonly<Record<string, number>> = { uuid: 16, inet6: 16, inet4: 4 };

/** Undefined = a type whose text cannot be known from the binary log: its table is refused. */
export function canonicalType(c: CatalogColumn): CanonicalType | undefined {
  const { dataType: name } = c;
  if (c.columnType.includes("mariadb-5.3")) return undefined;
  if (INTEGERS.has(name)) return { type: INTEGER, form: "number" };
  if (name === "decimal") return { type: decimalType(c.scale ?? 0), form: "number" };
  if (name === "float" || name === "double") return { type: FLOAT, form: "float" };
  if (name === "bit") return { type: bitType(c.precision ?? 1), form: "hex" };
  if (name === "date") return { type: DATE, form: "text" };
  if (name === "year") return c.columnType === "year(2)" ? undefined : { type: YEAR, form: "text" };
  if (name === "datetime" || name === "timestamp" || name === "time")
    return { type: temporalType(name, c.fraction ?? 0), form: "text" };
  if (name === "binary") return { type: binaryType(c.octets ?? 0), form: "hex" };
  if (BINARIES.has(name)) return { type: BINARY, form: "hex" };
  if (GEOMETRIES.has(name)) return { type: GEOMETRY, form: "hex" };
  if (name === "uuid") return { type: name, form: "text" };
  if (name in FIXED) return { type: name, form: "hex" };
  if (c.charset === null) return undefined;
  if (TEXTS.has(name)) return { type: textType(c.charset), form: "text" };
  if (name === "enum" || name === "set") return { type: listType(name, c.charset), form: "text" };
  return undefined;
}

/** What a column is asked for, so that its text says everything the server stores. */
export function selectExpression(quoted: string, type: string): string {
  // As FLOAT the server rounds to six digits; as DOUBLE it gives as many as needed.
  if (type === FLOAT) return `${quoted} + 0e0`;
  const bytes = FIXED[type];
  return bytes === undefined || type === "uuid" ? quoted : `CAST(${quoted} AS BINARY(${bytes}))`;
}

/** A number's shortest text that reads back as the same number; both ways use this one. The server gives −0 as 0. */
export const floatText = (value: number): string => String(value);

/** ZEROFILL pads what SELECT gives; the log knows nothing of it. */
export const numberText = (text: string): string => text.replace(/^(-?)0+(?=\d)/, "$1");

/** Reads the text of a FLOAT or DOUBLE. @throws AnamnesisError `capture/malformed-row` */
export function readFloatText(text: string): number {
  const value = Number(text);
  if (text === "" || Number.isNaN(value))
    throw captureError("capture/malformed-row", "the database gave a number in an unknown form");
  return value;
}
