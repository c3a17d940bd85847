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
export { type Bucket, quotaPath, readBucket, refilled, spend } from "./events/quota.ts";
export { decodeSourceState, readSource, type SourceState, sourcePath } from "./events/state.ts";
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
export { type Action, concerned, type Proofs, parseAction, shareOf } from "./registry/action.ts";
export {
  type Application,
  applicationFromJson,
  applicationOf,
  applicationToJson,
  provePossession,
} from "./registry/application.ts";
export type { RegistryErrorCode } from "./registry/errors.ts";
export {
  decodeOrganisation,
  ORGANISATION_COUNT,
  ORGANISATION_LIST,
  type Organisation,
  type OrganisationStatus,
  organisationPath,
  readOrganisation,
  readOrganisationIds,
} from "./registry/organisation.ts";
export {
  type AddedKey,
  type KeyRotation,
  LEAVE_KIND,
  leaveBody,
  ROTATE_COSIGNER_KIND,
  ROTATE_KEYS_KIND,
  rotateCosignerBody,
  rotateKeysBody,
} from "./registry/own.ts";
export {
  decodePerson,
  PERSON_BYTES,
  type Person,
  personPath,
  readPerson,
  VOUCH_KIND,
  vouchBody,
  WITHDRAW_KIND,
  withdrawBody,
} from "./registry/person.ts";
export { ed25519Key, type KeyUse, type Possession, possessionMessage } from "./registry/possession.ts";
export {
  decodeProposal,
  type Proposal,
  type ProposalStatus,
  proposalPath,
  readProposal,
  readProposalCount,
  type Vote,
} from "./registry/proposal.ts";
export { changeMemberSet, POLICY, readMemberSet, readPolicy, readStateVersion } from "./registry/rules.ts";
export { type Tally, tally } from "./registry/tally.ts";
export { isOpen, PROPOSE_KIND, proposeBody, VOTE_KIND, voteBody } from "./registry/voting.ts";
