/** The thread in which a running node orders its ledger. Started by `openEngineThread`; nothing else imports it. */
import { parentPort, workerData } from "node:worker_threads";
import { contract } from "@anamnesis/contracts";
import { invariant } from "@anamnesis/core";
import { openEmbedded, serveEngine } from "@anamnesis/embedded";
import type { Genesis } from "@anamnesis/ledger";
import { primitives, systemClock } from "./system.ts";

/** What the thread is started with. */
export interface LedgerThreadData {
  readonly dir: string;
  readonly genesis: Genesis;
  /** Seed of the log's key: it stays in this process. */
  readonly logSigner: Uint8Array;
}

invariant(parentPort !== null, "a thread of a running node");
const data = workerData as LedgerThreadData;
await serveEngine(parentPort, () => openEmbedded({ ...data, primitives, contract, clock: systemClock }));
