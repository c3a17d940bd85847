/** Checking a whole log: the folder's own store with its tables and a replay of every block, or any other as files or URL. */
import { contract } from "@anamnesis/contracts";
import { verifyLedger } from "@anamnesis/embedded";
import { type FetchTile, type Genesis, type LogReport, type LogSource, verifyLog } from "@anamnesis/ledger";
import type { Folder } from "./folder/folder.ts";
import { sealProblems } from "./follower/seal-check.ts";
import { openLog } from "./ledger.ts";
import { primitives } from "./system.ts";

export interface LogCheckOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface OwnLogOptions extends LogCheckOptions {
  /** Where entries are that were dropped from the folder's ledger. */
  readonly archive?: FetchTile;
}

/**
 * The store of a data folder, with everything beside the log, against the checkpoint remembered outside the store and against what the
 * folder remembers as sealed.
 */
export async function verifyFolderLog(folder: Folder, options: OwnLogOptions = {}): Promise<LogReport> {
  const { genesis, layout } = folder;
  const report = await verifyLedger({ dir: layout.ledger, primitives, genesis, contract, ...options });
  // In a log that is not sound there is nothing to hold seals against.
  if (!report.ok) return report;
  const reader = await openLog(folder);
  try {
    const problems = await sealProblems(folder, reader);
    return { ...report, ok: problems.length === 0, problems };
  } finally {
    await reader.close();
  }
}

/** A snapshot's folder; without `genesis` its own founding document is believed, and the report says so. */
export function verifySnapshot(
  dir: string,
  genesis: Genesis | undefined,
  options: LogCheckOptions,
): Promise<LogReport> {
  return verifyLedger({ dir, primitives, contract, ...(genesis && { genesis }), ...options });
}

/** A log from elsewhere; without `genesis` its own founding document is believed, and the report says so. */
export function verifyForeignLog(
  source: LogSource,
  genesis: Genesis | undefined,
  options: LogCheckOptions = {},
): Promise<LogReport> {
  return verifyLog(source, { primitives, contract, ...(genesis === undefined ? {} : { genesis }), ...options });
}
