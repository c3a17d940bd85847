/**
 * A value as somebody wrote it, as the text that PostgreSQL gives for it in a canonical row: handles of rows are made of
 * that. Only for types where one can be told from the other without asking the database.
 */
const INTEGER = /^-?\d{1,19}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?$/;

/** undefined: what the text of this value is cannot be told. `type` is the qualified name, `modifier` as in the catalog. */
export function keyText(type: string, modifier: number, written: string): string | undefined {
  switch (type) {
    case "pg_catalog.int2":
    case "pg_catalog.int4":
    case "pg_catalog.int8":
    case "pg_catalog.oid":
      return INTEGER.test(written) ? BigInt(written).toString() : undefined;
    case "pg_catalog.uuid":
      return uuid(written);
    case "pg_catalog.text":
    case "pg_catalog.varchar":
      return written;
    case "pg_catalog.bpchar":
      return modifier > 4 ? written.trimEnd().padEnd(modifier - 4, " ") : undefined;
    case "pg_catalog.date":
      return /^\d{4}-\d\d-\d\d$/.test(written) ? written : undefined;
    case "pg_catalog.timestamp":
      return TIMESTAMP.test(written) ? written : undefined;
    case "pg_catalog.timestamptz":
      return written.endsWith("+00") && TIMESTAMP.test(written.slice(0, -3)) ? written : undefined;
    default:
      return undefined;
  }
}

function uuid(written: string): string | undefined {
  const hex = written.toLowerCase().replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/.test(hex)) return undefined;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
