/** A member's node: one engine, all its sources captured, until stopped. */
import type { CaptureProgress } from "@anamnesis/capture";
import type { Engine } from "@anamnesis/ledger";
import type { Environment } from "./access.ts";
import type { Folder } from "./folder/folder.ts";
import { openEngineThread } from "./ledger.ts";
import { type RunningSource, startSource } from "./running-source.ts";

export interface RunningNode {
  readonly folder: Folder;
  readonly engine: Engine;
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
}

/** @throws AnamnesisError `ledger/locked` when a node runs already, and whatever opening ledger and sources throws */
export async function startNode({ folder, env, onProgress }: NodeOptions): Promise<RunningNode> {
  const engine = await openEngineThread(folder);
  const sources = new Map<string, RunningSource>();
  try {
    for (const { name } of folder.config.sources) {
      const report = (p: CaptureProgress): void => onProgress?.(name, p);
      sources.set(name, startSource({ folder, engine, name, env, patient: true, onProgress: report }));
    }
  } catch (error) {
    await stopAll(sources, engine);
    throw error;
  }
  const failed = Promise.race([...sources.values()].map((s) => s.failed).concat(new Promise<never>(() => undefined)));
  failed.catch(() => undefined);
  let stopping: Promise<void> | undefined;
  return { folder, engine, sources, failed, stop: () => (stopping ??= stopAll(sources, engine)) };
}

async function stopAll(sources: ReadonlyMap<string, RunningSource>, engine: Engine): Promise<void> {
  await Promise.allSettled([...sources.values()].map((s) => s.stop()));
  await engine.close();
}
