/** Starting an engine in a thread of its own. */
import { Worker } from "node:worker_threads";
import type { AttachingEngine } from "@anamnesis/ledger";
import type { ReadOptions } from "../open.ts";
import { remoteEngine } from "./remote.ts";

/**
 * Runs the module `entry` in a thread, with `data` as its `workerData`; it must call `serveEngine` on its `parentPort` with the
 * ledger of the same folder. A thread costs some 20 MB and as long to start as a short command takes: for processes that stay.
 * @throws AnamnesisError what opening the ledger throws; `ledger/closed` when the thread ends by itself
 */
export function openInThread(entry: URL, data: object, options: ReadOptions): Promise<AttachingEngine> {
  const worker = new Worker(entry, { workerData: data });
  return remoteEngine(worker, options, () => worker.terminate());
}
