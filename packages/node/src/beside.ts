/** Working on a source while its capture runs: the running node's if there is one, else our own for as long as it takes. */
import { codeOf } from "@anamnesis/core";
import type { LogReader } from "@anamnesis/ledger";
import type { Environment } from "./access.ts";
import type { Folder } from "./folder/folder.ts";
import { openEngine, openLog } from "./ledger.ts";
import { startSource } from "./running-source.ts";

export interface BesideOptions {
  readonly folder: Folder;
  readonly source: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** @throws what `work` throws, or what ended capture meanwhile */
export async function withCapture<T>(options: BesideOptions, work: (log: LogReader) => Promise<T>): Promise<T> {
  const { folder, source, env } = options;
  const engine = await openEngine(folder).catch((error: unknown) => {
    if (codeOf(error) === "ledger/locked") return undefined;
    throw error;
  });
  if (engine === undefined) return withReader(folder, work);
  try {
    const running = startSource({ folder, engine, name: source, env });
    try {
      return await Promise.race([work(engine), running.failed]);
    } finally {
      await running.stop();
    }
  } finally {
    await engine.close();
  }
}

async function withReader<T>(folder: Folder, work: (log: LogReader) => Promise<T>): Promise<T> {
  const log = await openLog(folder);
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}
