export type { CaptureOptions, CaptureProgress, CaptureSummary } from "./capture.ts";
export { type CaptureErrorCode, captureError } from "./errors.ts";
export * from "./history.ts";
export * from "./index/index.ts";
export { type KeyStore, type KeyStoreOptions, openKeyStore, type SubjectKey } from "./keystore.ts";
export { runCapture } from "./pipeline.ts";
export * from "./postgres/index.ts";
// Both halves offer it; this names which one is meant.
export { formatLsn } from "./postgres/index.ts";
export { openProgress, type Progress, waitForBarrier } from "./progress.ts";
export type * from "./row-index.ts";
export type * from "./source.ts";
export { patient, SubjectSealers, subjectsOf, subjectsOfFields } from "./subject-sealers.ts";
export { mapSubjects, type SubjectConfig, type SubjectMapping } from "./subjects.ts";
export * from "./verify/index.ts";
