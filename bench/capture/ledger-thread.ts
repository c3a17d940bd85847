/** The engine's thread of `bench/capture.ts`, as a running node has one. */
import { parentPort, workerData } from "node:worker_threads";
import { contract } from "@anamnesis/contracts";
import { native } from "@anamnesis/crypto/native";
import { openEmbedded, serveEngine } from "@anamnesis/embedded";

const { dir, logSigner } = workerData as { readonly dir: string; readonly logSigner: Uint8Array };
if (parentPort === null) throw new Error("not a thread");
await serveEngine(parentPort, () =>
  openEmbedded({ dir, logSigner, primitives: native, contract, clock: { now: Date.now } }),
);
