/** A member's node: one engine, all its sources captured, until stopped. */
import { existsSync } from "node:fs";
import type { CaptureProgress } from "@anamnesis/capture";
import type { Engine } from "@anamnesis/ledger";
import type { Environment } from "./access.ts";
import { nodeError } from "./errors.ts";
import type { Folder } from "./folder/folder.ts";
import type { FollowState } from "./follower/follow.ts";
import { type Follower, startFollower } from "./follower/follower.ts";
import type { Peers, RunningMember } from "./follower/member.ts";
import { type Ordering, startOrdering } from "./follower/ordering.ts";
import type { WatchPace } from "./follower/watch.ts";
import { openEngineThread } from "./ledger.ts";
import { type RunningSource, startSource } from "./running-source.ts";

export interface RunningNode {
  readonly folder: Folder;
  readonly engine: Engine;
  /** Its part in the consortium. */
  readonly member: RunningMember;
  /** A follower's sources are there from the moment on when it has caught up for the first time. */
  readonly sources: ReadonlyMap<string, RunningSource>;
  /** Rejects when a source cannot be captured any more; never resolves. */
  readonly failed: Promise<never>;
  /** Ends capture, then the engine: at most 5 s. Idempotent. */
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly folder: Folder;
  readonly env: Environment;
  readonly onProgress?: (source: string, progress: CaptureProgress) => void;
  /** The ways to other members. Without it a member that orders collects no cosignatures, and a follower cannot start. */
  readonly peers?: Peers;
  /** Ends the wait of a follower's first start. */
  readonly signal?: AbortSignal;
  readonly onFollow?: (state: FollowState) => void;
  readonly onCatchUp?: (size: number, total: number) => void;
  readonly onEvidence?: (path: string) => void;
  /** How often a follower looks for broken promises and the like, and how long it waits for leaves. */
  readonly watchPace?: Partial<WatchPace>;
}

/** @throws AnamnesisError `ledger/locked` when a node runs already, and whatever opening ledger and sources throws */
export function startNode(options: NodeOptions): Promise<RunningNode> {
  return options.folder.config.orderer === undefined ? startOrderingNode(options) : startFollowingNode(options);
}

async function startOrderingNode(options: NodeOptions): Promise<RunningNode> {
  const { folder, peers } = options;
  const others = folder.genesis.organisations.some(({ id }) => id !== folder.config.organisation);
  if (others && !existsSync(folder.layout.logKey)) {
    throw nodeError("node/no-orderer", "this folder neither orders nor names the node that does");
  }
  const engine = await openEngineThread(folder);
  let member: Ordering | undefined;
  const sources = new Map<string, RunningSource>();
  const stop = async (): Promise<void> => {
    await stopSources(sources);
    await member?.stop();
    await engine.close();
  };
  try {
    member = await startOrdering(folder, engine, peers);
    startSources(options, engine, sources);
  } catch (error) {
    await stop();
    throw error;
  }
  return running(folder, engine, member, sources, failureOf(sources), stop);
}

async function startFollowingNode(options: NodeOptions): Promise<RunningNode> {
  const { folder, peers } = options;
  const { orderer } = folder.config;
  if (peers === undefined || orderer === undefined) {
    throw nodeError("node/bad-config", "this organisation follows another one: run `anamnesis node`");
  }
  const member: Follower = await startFollower({
    ...{ folder, orderer, peers },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onFollow === undefined ? {} : { onState: options.onFollow }),
    ...(options.onCatchUp === undefined ? {} : { onCatchUp: options.onCatchUp }),
    ...(options.onEvidence === undefined ? {} : { onEvidence: options.onEvidence }),
    ...(options.watchPace === undefined ? {} : { watchPace: options.watchPace }),
  });
  const sources = new Map<string, RunningSource>();
  let stopped = false;
  // Not before: capture resumes from what the replica knows, and the orderer may know more.
  const captured = member.caughtUp.then(() => (stopped ? undefined : startSources(options, member.engine, sources)));
  const failed = captured.then(() => failureOf(sources));
  const stop = async (): Promise<void> => {
    stopped = true;
    member.release();
    await stopSources(sources);
    await member.stop();
  };
  return running(folder, member.engine, member, sources, failed, stop);
}

function running(
  folder: Folder,
  engine: Engine,
  member: RunningMember,
  sources: ReadonlyMap<string, RunningSource>,
  failed: Promise<never>,
  stop: () => Promise<void>,
): RunningNode {
  failed.catch(() => undefined);
  let stopping: Promise<void> | undefined;
  return { folder, engine, member, sources, failed, stop: () => (stopping ??= stop()) };
}

function startSources({ folder, env, onProgress }: NodeOptions, engine: Engine, into: Map<string, RunningSource>) {
  for (const { name } of folder.config.sources) {
    const report = (p: CaptureProgress): void => onProgress?.(name, p);
    into.set(name, startSource({ folder, engine, name, env, patient: true, onProgress: report }));
  }
}

const failureOf = (sources: ReadonlyMap<string, RunningSource>): Promise<never> =>
  Promise.race([...sources.values()].map((s) => s.failed).concat(new Promise<never>(() => undefined)));

async function stopSources(sources: ReadonlyMap<string, RunningSource>): Promise<void> {
  await Promise.allSettled([...sources.values()].map((s) => s.stop()));
}
