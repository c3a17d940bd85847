/** Capture of one source in this process: its stores, its run, and what it is doing now. */
import {
  type CaptureProgress,
  type CaptureSummary,
  openDigestStore,
  openProgress,
  type ReadsFigures,
  runCapture,
} from "@anamnesis/capture";
import { AnamnesisError, sourceId } from "@anamnesis/core";
import type { Engine } from "@anamnesis/ledger";
import { type Environment, openAccess } from "./access.ts";
import { explainFile, nodeError } from "./errors.ts";
import { makeFolder } from "./folder/files.ts";
import { type Folder, organisationSigner, sourceOf } from "./folder/folder.ts";
import { sourceLayout } from "./folder/layout.ts";
import { openOwnIndex } from "./own-index.ts";
import { openPushed, type PushDoor } from "./pushed.ts";
import { openSourceReads } from "./reads.ts";
import { emptyJournals } from "./scrub.ts";
import { openSource } from "./sources.ts";
import { primitives, systemClock } from "./system.ts";

export interface SourceOptions {
  readonly folder: Folder;
  readonly engine: Engine;
  readonly name: string;
  readonly env: Environment;
  /** End once everything committed at the start is final. */
  readonly untilCaughtUp?: boolean;
  /** Also wait for a database that cannot be reached at the start. */
  readonly patient?: boolean;
  readonly onProgress?: (progress: CaptureProgress) => void;
}

export interface RunningSource {
  readonly name: string;
  /** Where pushed changes come in, if they do. */
  readonly door?: PushDoor;
  /** What capture reported last. */
  readonly now: CaptureProgress;
  /** Resolves at the end: caught up (if asked) or stopped; rejects when it cannot go on. */
  readonly done: Promise<CaptureSummary>;
  /** Rejects when capture cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Rows, events and events without actor in the index. */
  counters(): { readonly rows: number; readonly events: number; readonly unattributed: number };
  /** What was found in the database's log; undefined where it is not looked at. */
  reads(): ReadsFigures | undefined;
  /** Idempotent; at most 3 s. */
  stop(): Promise<void>;
}

const STARTING: CaptureProgress = { phase: "starting", events: 0, batches: 0, passed: 0n, pending: 0, newest: 0 };

/** @throws AnamnesisError `node/*` or `capture/*` when its stores cannot be opened */
export function startSource(options: SourceOptions): RunningSource {
  const { folder, name } = options;
  try {
    makeFolder(sourceLayout(folder.layout, sourceId(name)).dir);
    return run(options);
  } catch (problem) {
    throw explainFile(problem, "the source's folder cannot be used");
  }
}

function run(options: SourceOptions): RunningSource {
  const { folder, name, engine, env } = options;
  const access = openAccess(folder, name, "write", env);
  const index = openOwnIndex(access.files.index, access.name);
  const progress = openProgress(access.files.progress);
  const digests = openDigestStore(access.files.digests);
  const pushed = openPushed(sourceOf(folder, name), access, index);
  const source = pushed?.source ?? openSource(access);
  const reads = openSourceReads(folder.layout, sourceOf(folder, name).reads, access, systemClock.now);
  const stop = new AbortController();
  let now = STARTING;
  const work = runCapture({
    ...{ source, engine, index, progress, digests, primitives, keystore: access.keys, handles: access.handles },
    limits: sourceOf(folder, name).limits,
    chain: folder.config.chain,
    organisation: folder.config.organisation,
    sourceId: sourceId(access.name),
    signer: organisationSigner(folder),
    signal: stop.signal,
    now: systemClock.now,
    ...reads.options,
    scrub: () => emptyJournals(access.files),
    ...(options.untilCaughtUp === true ? { untilCaughtUp: true } : {}),
    ...(options.patient === true ? { patient: true } : {}),
    onProgress(p) {
      now = p;
      options.onProgress?.(p);
    },
  });
  const done = closing(work, async () => {
    await source.close();
    pushed?.close();
    reads.close();
    progress.close();
    digests.close();
    index.close();
    access.close();
  });
  done.catch(() => undefined); // whoever wants to know awaits `done` or `failed`
  return {
    name: access.name,
    ...(pushed === undefined ? {} : { door: pushed.door }),
    get now() {
      return now;
    },
    done,
    failed: failureOf(done),
    counters: () => index.counters(),
    reads: () => reads.reads?.figures,
    async stop() {
      stop.abort();
      await done.catch(() => undefined);
    },
  };
}

async function closing<T>(work: Promise<T>, close: () => Promise<void>): Promise<T> {
  try {
    return await work;
  } finally {
    await close();
  }
}

function failureOf(done: Promise<unknown>): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    done.catch((error: unknown) => reject(toFailure(error)));
  });
  failed.catch(() => undefined);
  return failed;
}

const toFailure = (error: unknown): Error =>
  error instanceof AnamnesisError
    ? error
    : nodeError("node/capture-failed", "capture met an unexpected error", {}, error);
