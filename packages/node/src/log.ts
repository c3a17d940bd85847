/** Checking a whole log: the folder's own store with its tables and a replay of every block, or any other as files or URL. */
import { contract } from "@anamnesis/contracts";
import { verifyLedger } from "@anamnesis/embedded";
import { type Genesis, type LogReport, type LogSource, verifyLog } from "@anamnesis/ledger";
import type { Folder } from "./folder/folder.ts";
import { primitives } from "./system.ts";

export interface LogCheckOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The store of a data folder, with everything beside the log, against the checkpoint remembered outside the store. */
export function verifyFolderLog(folder: Folder, options: LogCheckOptions = {}): Promise<LogReport> {
  const { genesis, layout } = folder;
  return verifyLedger({ dir: layout.ledger, primitives, genesis, contract, ...options });
}

/** A log from elsewhere; without `genesis` its own founding document is believed, and the report says so. */
export function verifyForeignLog(
  source: LogSource,
  genesis: Genesis | undefined,
  options: LogCheckOptions = {},
): Promise<LogReport> {
  return verifyLog(source, { primitives, contract, ...(genesis === undefined ? {} : { genesis }), ...options });
}
