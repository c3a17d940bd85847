export { contract } from "./contract.ts";
export type { ContractErrorCode } from "./errors.ts";
export {
  BATCH_KIND,
  type BatchHeader,
  comparePositions,
  encodeBatchBody,
  type Position,
  parseBatchBody,
  START,
} from "./events/batch.ts";
export { decodeSourceState, readSource, type SourceState, sourcePath } from "./events/state.ts";
