/** Type codes of the binary log (`enum_field_types` of the server). */
export const Code = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  timestampOld: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  timeOld: 11,
  datetimeOld: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  timestamp: 17,
  datetime: 18,
  time: 19,
  blobCompressed: 140,
  varcharCompressed: 141,
  decimal: 246,
  enum: 247,
  set: 248,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

const META_BYTES: ReadonlyMap<number, number> = new Map([
  [Code.float, 1],
  [Code.double, 1],
  [Code.varchar, 2],
  [Code.bit, 2],
  [Code.timestamp, 1],
  [Code.datetime, 1],
  [Code.time, 1],
  [Code.blobCompressed, 1],
  [Code.varcharCompressed, 2],
  [Code.decimal, 2],
  [Code.enum, 2],
  [Code.set, 2],
  [Code.blob, 1],
  [Code.varString, 2],
  [Code.geometry, 1],
]);

/** Bytes of description that the table map holds for a column of this code. */
export const takesMeta = (code: number): number => META_BYTES.get(code) ?? 0;

const NUMERIC: ReadonlySet<number> = new Set([
  ...[Code.tiny, Code.short, Code.int24, Code.long, Code.longlong],
  ...[Code.decimal, Code.float, Code.double, Code.year, 0],
]);
const CHARACTER: ReadonlySet<number> = new Set([
  ...[Code.varchar, Code.varString, Code.string, Code.blob, Code.blobCompressed, Code.varcharCompressed],
  ...[249, 250, 251],
]);

/** Whether the list of signs covers it. */
export const isNumeric = (code: number): boolean => NUMERIC.has(code);
/** Whether the lists of collations cover it. */
export const isCharacter = (code: number): boolean => CHARACTER.has(code);
