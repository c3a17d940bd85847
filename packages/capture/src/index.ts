export * from "./audit/index.ts";
export type { CaptureOptions, CaptureProgress, CaptureSummary } from "./capture.ts";
export * from "./debezium/index.ts";
export { FIELD_BYTES_MAX, rulesOf, sealsDigests, withDigests } from "./digests/rule.ts";
export { type DigestStore, openDigestStore } from "./digests/store.ts";
export type { ErasureAnswer, ErasureRequest, ErasureRequests } from "./erasure/requests.ts";
export { type CaptureErrorCode, captureError } from "./errors.ts";
export * from "./history.ts";
export * from "./index/index.ts";
export type { Attribution, Interlude, InterludeSealer } from "./interlude.ts";
export { type KeyStore, type KeyStoreOptions, openKeyStore, type SubjectKey } from "./keystore.ts";
export {
  levelOf,
  RETENTION_LIMITS,
  type RetentionLevel,
  type RetentionLimits,
  type RetentionState,
} from "./limits/retention.ts";
export * from "./mariadb/index.ts";
export { runCapture } from "./pipeline.ts";
export * from "./postgres/index.ts";
export { openProgress, type Progress, waitForBarrier, waitForPosition } from "./progress.ts";
export { type AcceptRequest, type RequestAnswer, type Requests } from "./requests.ts";
export { valuesOf } from "./row-image.ts";
export type * from "./row-index.ts";
export type * from "./source.ts";
export { ownKey, patient, SubjectSealers, subjectsOf, subjectsOfFields } from "./subject-sealers.ts";
export { mapSubjects, type SubjectConfig, type SubjectMapping } from "./subjects.ts";
export { type TableHandles, tableHandles } from "./table-names.ts";
export type { PendingReason } from "./table-notes.ts";
export * from "./verify/index.ts";
