export { type VerifyErrorCode, verifyError } from "./errors.ts";
export { type MariadbVerifyOptions, openMariadbVerify } from "./mariadb.ts";
export { openPostgresVerify, type PostgresVerifyOptions } from "./postgres.ts";
export {
  type AcceptedRow,
  type AcceptedRows,
  exitCodeOf,
  type Finding,
  type FindingKind,
  type LastEvent,
  type NotCovered,
  type NotCoveredReason,
  type VerifyMode,
  type VerifyReport,
} from "./report.ts";
export { parseKeyText, RowIdentity } from "./row-identity.ts";
export type { SourceCoverage, TableSnapshot, VerifySource } from "./source.ts";
export { type VerifyOptions, type VerifyProgress, verifySource } from "./verify.ts";
