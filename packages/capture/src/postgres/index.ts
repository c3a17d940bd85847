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
export {
  applyPreparation,
  type CheckOptions,
  checkSource,
  preparationScript,
  type SourceCheck,
  type Statement,
  type TableCheck,
} from "./check.ts";
export { copyLots, copyRows } from "./copy.ts";
export { formatLsn, parseLsn } from "./lsn.ts";
export { type PgMessage, parseMessage } from "./pgoutput.ts";
export { objectName, publishedTables } from "./publication.ts";
export { openReplication, type Replication, type ReplicationHandler } from "./replication.ts";
export { type ConnectOptions, connect, quoteName, quoteText, sqlState, withClient } from "./session.ts";
export type { SlotState } from "./slot.ts";
export { type PostgresSource, type PostgresSourceOptions, postgresSource } from "./source.ts";
