export type { Finding as MisuseFinding, MisuseErrorCode, Need, Reason, RuleName } from "@anamnesis/misuse";
export { type Acceptance, acceptNamed } from "./accept.ts";
export type { Environment } from "./access.ts";
export { type Checked, type CheckRequest, checkNamed } from "./check.ts";
export { type Imported, importLog } from "./copies/import.ts";
export type { OthersSay } from "./copies/known.ts";
export { compactFolder, type PlannedPrune, type PruneRequest, pruneFolder, prunePlan } from "./copies/prune.ts";
export { restoreFolder } from "./copies/restore.ts";
export { isSnapshot, openSnapshot, snapshotFolder } from "./copies/snapshot.ts";
export { type Erasing, eraseNamed } from "./erase.ts";
export { type NodeErrorCode, nodeError } from "./errors.ts";
export { type AccusedLog, checkEvidenceFile, type EvidenceVerdict } from "./evidence-check.ts";
export { addSource } from "./folder/add-source.ts";
export { type Config, parseConfig, type SourceConfig } from "./folder/config.ts";
export type { MemberAddress, OrdererConfig } from "./folder/consortium-config.ts";
export { type Folder, openFolder, sourceOf } from "./folder/folder.ts";
export { adoptGenesis, type ProposedGenesis, proposeGenesis, signGenesisFile } from "./folder/founding.ts";
export { type InitOptions, initFolder, type Made, prepareFolder } from "./folder/init.ts";
export { type FolderLayout, layoutOf, type SourceLayout, sourceLayout } from "./folder/layout.ts";
export type { MisuseQuery } from "./folder/misuse-config.ts";
export { declareMove, type Move, moveSource } from "./folder/move-source.ts";
export { databaseUrl, shownUrl } from "./folder/url.ts";
export type { WitnessConfig } from "./folder/witness-config.ts";
export type { FollowState } from "./follower/follow.ts";
export type { Peers, RunningMember } from "./follower/member.ts";
export type { SubmitOnce } from "./follower/orderer.ts";
export { readSeals, type Seals } from "./follower/seal-store.ts";
export type { MemberSeal, SealState } from "./follower/sealing.ts";
export { type History, type HistoryRequest, historyOf } from "./history.ts";
export { openEngine, openLog } from "./ledger.ts";
export { type LogCheckOptions, type OwnLogOptions, verifyFolderLog, verifyForeignLog, verifySnapshot } from "./log.ts";
export type { FactsFound } from "./misuse/facts.ts";
export { type Misuse, misuseOf } from "./misuse/misuse.ts";
export { readRules, shownRules } from "./misuse/rules-file.ts";
export { type Alarm, type AlarmKind, convicts } from "./monitor/alarm.ts";
export { type Face, Monitor, type MonitorOptions, type Round } from "./monitor/monitor.ts";
export { type MonitorFolder, openMonitor } from "./monitor/open.ts";
export { type Replaying, type ReplayOptions, replaying } from "./monitor/replay.ts";
export {
  type Check,
  type CheckName,
  checkProofFile,
  type FetchTile,
  type ProofInput,
  type ProofVerdict,
} from "./proof-check.ts";
export { type MadeProof, proveEvent } from "./proof-make.ts";
export { type CommandWays, type MemberCommand, runMemberCommand } from "./registry/command.ts";
export { type Members, membersOf, type ShownOrganisation, type ShownProposal } from "./registry/members.ts";
export { type Rotated, retireKey, rotateCosignerKey, rotateSigningKey } from "./registry/own-keys.ts";
export { personHandle } from "./registry/person-handle.ts";
export { announce, announced, type RunningFile, withdraw } from "./running-file.ts";
export { type NodeOptions, type RunningNode, startNode } from "./running-node.ts";
export { type RunningSource, type SourceOptions, startSource } from "./running-source.ts";
export { keepSealing, type SealerOptions, type SealingDuty, sealFrom, sealIfDue, sealingDuty } from "./sealing.ts";
export { type FolderStatus, type SourceStatus, statusOf } from "./status.ts";
export { primitives, systemClock } from "./system.ts";
export { type UnattributedLine, type Verified, type VerifyRequest, verifyBeside, verifyNamed } from "./verify.ts";
export { openWitness, type WitnessFolder, type WitnessFolderOptions } from "./witness-folder.ts";
export { SqliteWitnessStore } from "./witness-store.ts";
export { checkWitnessed, type WitnessedInput, type WitnessedReport } from "./witnessed.ts";
export { startWitnessing, type Witnessing, type WitnessingOptions } from "./witnessing.ts";
