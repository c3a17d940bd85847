export { type CaptureErrorCode, captureError } from "./errors.ts";
export { type KeyStore, type KeyStoreOptions, openKeyStore, type SubjectKey } from "./keystore.ts";
export * from "./postgres/index.ts";
export type * from "./row-index.ts";
export type * from "./source.ts";
export { patient, SubjectSealers, subjectsOf, subjectsOfFields } from "./subject-sealers.ts";
export { mapSubjects, type SubjectConfig, type SubjectMapping } from "./subjects.ts";
