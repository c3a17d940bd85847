/** Checking a whole log: the folder's own store with its tables and a replay of every block, or any other as files or URL. */
import { contract } from "@anamnesis/contracts";
import { type Genesis, type LogReport, type LogSource, verifyLog } from "@anamnesis/ledger";
import type { Folder } from "./folder/folder.ts";
import { openLog } from "./ledger.ts";
import { primitives } from "./system.ts";

export interface LogCheckOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The store of a data folder, with everything beside the log, against the checkpoint remembered outside the store. */
export async function verifyFolderLog(folder: Folder, options: LogCheckOptions = {}): Promise<LogReport> {
  const reader = await openLog(folder);
  try {
    const { remembered, tables } = reader;
    const { genesis } = folder;
    return await verifyLog(reader, {
      ...{ primitives, genesis, contract, tables },
      ...(remembered === undefined ? {} : { remembered }),
      ...options,
    });
  } finally {
    await reader.close();
  }
}

/** A log from elsewhere; without `genesis` its own founding document is believed, and the report says so. */
export function verifyForeignLog(
  source: LogSource,
  genesis: Genesis | undefined,
  options: LogCheckOptions = {},
): Promise<LogReport> {
  return verifyLog(source, { primitives, contract, ...(genesis === undefined ? {} : { genesis }), ...options });
}
