export { contract, contractOf, MODULES } from "./contract.ts";
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
export { sealingLine } from "./incentive/module.ts";
export {
  lineFor,
  newcomer,
  RULE,
  type Standing,
  type Stretch,
  sealed,
  turnAt,
  worked,
} from "./incentive/rule.ts";
export { type Cosignature, encodeSealBody, parseSealBody, SEAL_KIND, type Seal } from "./incentive/seal.ts";
export {
  decodeSeal,
  decodeSealing,
  decodeStanding,
  readSealing,
  readStandings,
  SEALING,
  type Sealing,
  type SealRecord,
  scorePath,
  sealPath,
} from "./incentive/state.ts";
export type { Command, Module } from "./module.ts";
export {
  decodeOrganisation,
  type Organisation,
  type OrganisationStatus,
  organisationPath,
  readOrganisation,
  readOrganisationIds,
} from "./registry/organisation.ts";
export { changeMemberSet, POLICY, readMemberSet, readPolicy, readStateVersion } from "./registry/rules.ts";
