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
