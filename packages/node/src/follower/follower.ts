/** The member that follows: a replica at the orderer's newest checkpoint, an engine upon it, its cosignature for what it executed. */
import { setTimeout as sleep } from "node:timers/promises";
import { contract } from "@anamnesis/contracts";
import { codeOf } from "@anamnesis/core";
import { type FollowedLog, FollowerEngine, type LogRefused, openOrFound, type Replica } from "@anamnesis/embedded";
import { cosignedBy, type Health, sealQuorum, type WitnessStore } from "@anamnesis/ledger";
import { nodeError } from "../errors.ts";
import type { OrdererConfig } from "../folder/consortium-config.ts";
import type { Folder } from "../folder/folder.ts";
import { primitives } from "../system.ts";
import { SqliteWitnessStore } from "../witness-store.ts";
import { accuse, keepEvidence } from "./accuse.ts";
import { Follow, type FollowState } from "./follow.ts";
import type { Peers, RunningMember } from "./member.ts";
import { memberWitness } from "./member-witness.ts";
import { patientOrderer } from "./orderer.ts";
import { servedFrom } from "./ordering.ts";
import { SealStore, sizeOf } from "./seal-store.ts";
import type { SealState } from "./sealing.ts";
import { overheard, Watch, type WatchPace } from "./watch.ts";

export interface FollowerOptions {
  readonly folder: Folder;
  readonly orderer: OrdererConfig;
  readonly peers: Peers;
  readonly signal?: AbortSignal;
  readonly onState?: (state: FollowState) => void;
  readonly onCatchUp?: (size: number, total: number) => void;
  /** The path of an evidence file that was just written. */
  readonly onEvidence?: (path: string) => void;
  readonly watchPace?: Partial<WatchPace>;
}

export interface Follower extends RunningMember {
  readonly engine: FollowerEngine;
  /** Resolves when the replica was level with the log for the first time. */
  readonly caughtUp: Promise<void>;
  /** Before capture is stopped: what waits for an orderer that does not answer must not keep it. */
  release(): void;
  stop(): Promise<void>;
}

/** How long `add-checkpoint` may wait for the replica to get there. */
const REACH_MS = 3000;
const FOUND_RETRY_MS = 1000;
const SEALS_EVERY_MS = 2000;
/** How long what is on its way may take when the node stops. */
const FINISH_MS = 1000;

const never = new AbortController().signal;

/**
 * The very first start waits for the orderer; later ones serve what is there.
 * @throws AnamnesisError what opening the replica throws, `node/stopped`
 */
export async function startFollower(options: FollowerOptions): Promise<Follower> {
  const { folder, orderer, peers } = options;
  const stopped = new AbortController();
  const replica = await openPatiently(options);
  const store = new SealStore(folder.layout.seals, folder.genesis);
  const watch = watchOf(options, replica, store);
  const log = overheard(peers.follow(orderer, stopped.signal), (note) => watch.heard(note));
  const cosignatures = new SqliteWitnessStore(folder.layout.cosigned);
  const follow = new Follow({
    ...{ replica, log },
    ...(options.onState === undefined ? {} : { onState: options.onState }),
    ...(options.onCatchUp === undefined ? {} : { onProgress: options.onCatchUp }),
    onRefused: (refused) => writeEvidence(refused, options, replica, log, store),
  });
  const engine = new FollowerEngine({
    replica,
    orderer: patientOrderer({
      submitOnce: peers.submit(orderer),
      onPromise: (promise, tx) => watch.promised(promise, tx),
    }),
    onBehind: () => follow.look(),
    problem: () => problemOf(follow.state, replica.newest.size),
  });
  const watching = watchSeals(options, store, watch, stopped.signal);
  const release = releasing(engine, follow);
  return {
    ...{ role: "follows", engine, caughtUp: follow.caughtUp, follow: () => follow.state },
    witness: witnessOf(folder, cosignatures, replica, follow, watch),
    withheld: () => watch.testimonies,
    ...servedFrom(replica, store),
    seals: () => sealsOf(folder, store),
    submit: async (tx) => ({ receipt: await engine.submit(tx), promise: null }),
    release,
    async stop() {
      release();
      await engine.close();
      stopped.abort();
      await watching;
      await follow.stop();
      await watch.stop();
      cosignatures.close();
      store.close();
      replica.close();
    },
  };
}

/** What is on its way may still become final, unless the orderer cannot be asked: it may be stopping too. */
function releasing(engine: FollowerEngine, follow: Follow): () => void {
  let waiting: NodeJS.Timeout | undefined;
  return () => {
    if (follow.state.kind !== "following") engine.abandon();
    else waiting ??= setTimeout(() => engine.abandon(), FINISH_MS).unref();
  };
}

function watchOf(options: FollowerOptions, replica: Replica, seals: SealStore): Watch {
  const { folder, peers, onEvidence, watchPace } = options;
  const { members, organisation } = folder.config;
  return new Watch({
    ...{ folder, replica, seals },
    async others(signal) {
      const asked = members.filter(({ id }) => id !== organisation);
      const answers = asked.map(({ url }) => peers.withheld(url, signal).catch(() => undefined));
      return (await Promise.all(answers)).flatMap((said) => (said === undefined ? [] : [said]));
    },
    ...(onEvidence === undefined ? {} : { onEvidence }),
    ...(watchPace === undefined ? {} : { pace: watchPace }),
  });
}

function witnessOf(folder: Folder, store: WitnessStore, replica: Replica, follow: Follow, watch: Watch) {
  return memberWitness(folder, store, {
    async reach(size) {
      const reached = await follow.reach(size, REACH_MS);
      if (follow.state.kind === "cut-off") follow.look();
      // Who cannot reach the log does not say now what the newest checkpoint is (spec/log.md, `back-dated`).
      return reached && (follow.state.kind === "following" || follow.state.kind === "catching-up");
    },
    rootAt: (size) => replica.reader.rootAt(size),
    seen: (note) => watch.offered(note),
  });
}

async function openPatiently({ folder, orderer, peers, signal = never }: FollowerOptions): Promise<Replica> {
  const { layout, genesis } = folder;
  const log = peers.follow(orderer, signal);
  for (;;) {
    try {
      return await openOrFound({ dir: layout.ledger, genesis, primitives, contract }, log);
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (!code.startsWith("gateway/") && code !== "ledger/no-ledger") throw error;
    }
    await sleep(FOUND_RETRY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw nodeError("node/stopped", "stopped before the orderer could be reached");
  }
}

function droppedBehind(size: number): Health["problem"] {
  const message = `the orderer no longer has the entries that follow the ${size} leaves here: stop this node, then restore a newer snapshot (\`anamnesis log restore\`) or import an archive (\`anamnesis log import\`)`;
  return { code: "ledger/pruned", message };
}

function problemOf(state: FollowState, size: number): Health["problem"] {
  switch (state.kind) {
    case "cut-off": {
      if (state.code === "ledger/pruned") return droppedBehind(size);
      const message = `cut off from the orderer (${state.code}): read-only on the ${size} leaves verified last`;
      return { code: "node/cut-off", message };
    }
    case "refused":
      return { code: "ledger/bad-block", message: state.why };
    default:
      return undefined;
  }
}

async function writeEvidence(
  refused: LogRefused,
  { folder, onEvidence }: FollowerOptions,
  replica: Replica,
  log: FollowedLog,
  store: SealStore,
): Promise<void> {
  const tile = (path: string) => log.tile(path);
  const evidence = await accuse(refused, { genesis: folder.genesis, links: store.links, tile, replica });
  // Not as the argument of what may not be there: then it would not be written.
  const path = keepEvidence(folder.layout.dir, refused.objection.kind, refused.target.size, evidence);
  onEvidence?.(path);
}

/** Takes over what the orderer collected, until the signal; each checkpoint is checked before it is kept. */
async function watchSeals(
  { orderer, peers }: FollowerOptions,
  store: SealStore,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const seals = await peers.seals(orderer, signal).catch(() => undefined);
    if (seals !== undefined && !signal.aborted) {
      store.addLinks(seals.links);
      if (seals.newest !== undefined && store.add(seals.newest)) watch.heard(seals.newest.note);
    }
    await sleep(SEALS_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function sealsOf({ genesis }: Folder, store: SealStore): SealState {
  const set = store.trusted;
  const newest = store.sealed();
  const by = newest === undefined ? [] : cosignedBy(primitives, genesis.chain, set, newest.note);
  const size = newest === undefined ? 0 : sizeOf(newest);
  const members = set.members.map(({ id }) => {
    const cosigned = by.some((each) => each.id === id);
    return { id, size: cosigned ? size : 0, outcome: cosigned ? "cosigned" : "unknown" };
  });
  const quorum = sealQuorum(set.members.length);
  return { epoch: set.epoch, members, quorum, sealedSize: size, sealedBy: by.length };
}
