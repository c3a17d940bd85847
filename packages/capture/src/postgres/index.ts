export {
  type Column,
  keyOfFields,
  keyText,
  parseRow,
  RowWriter,
  rowText,
  splitRow,
  unescapeField,
} from "./canonical.ts";
export { type CatalogOptions, matches, type PgTable, qualified, readTables, selectRows } from "./catalog.ts";
export { copyRows } from "./copy.ts";
export { type ConnectOptions, connect, quoteName, quoteText, withClient } from "./session.ts";
