export { type RowSealer, rowSealer } from "./commitment.ts";
export type { CryptoErrorCode } from "./errors.ts";
export type { FieldSealer } from "./field.ts";
export { type Handles, handles, pairSubjectKey } from "./handles.ts";
export { type Lanes, openLanes } from "./lanes/lanes.ts";
export { type Primitives, type PurePrimitives, purePrimitives } from "./primitives.ts";
export { RowBatch, type RowPlace } from "./row-batch.ts";
export { type LotPlace, RowLot } from "./row-lot.ts";
export { keyId, type Signer, type Suite, type SuiteId, signerFromSeed, suiteOf } from "./suite.ts";
