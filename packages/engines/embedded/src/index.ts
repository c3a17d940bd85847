export { MANIFEST, manifestFromJson, manifestToJson, type SnapshotManifest } from "./copies/manifest.ts";
export { compactLedger, type PruneOptions, type PrunePlan, planPrune, pruneEntries } from "./copies/prune.ts";
export { type Restored, type RestoreOptions, restoreSnapshot, snapshotManifest } from "./copies/restore.ts";
export { type SnapshotOptions, takeSnapshot } from "./copies/snapshot.ts";
export { FILES } from "./files.ts";
export { DEFAULT_LIMITS, type EngineLimits } from "./limits.ts";
export {
  type CreateOptions,
  createLedger,
  type LedgerReader,
  type OpenOptions,
  openEmbedded,
  openReader,
} from "./open.ts";
export {
  type CatchUpOptions,
  catchUp,
  type FollowedLog,
  LogRefused,
  type NotedCheckpoint,
  openOrFound,
} from "./replica/catch-up.ts";
export { FollowerEngine, type FollowerOptions, type Orderer } from "./replica/follower-engine.ts";
export { BlockRefused, type LoggedBlock, type Objection, type PreviousBlock } from "./replica/objection.ts";
export { createReplica, hasLedger, openReplica, type ReplicaOptions } from "./replica/open.ts";
export { type AppliedBlock, Replica } from "./replica/replica.ts";
export { serveEngine } from "./thread/serve.ts";
export { openInThread } from "./thread/start.ts";
export { type VerifyLedgerOptions, verifyLedger } from "./verify.ts";
