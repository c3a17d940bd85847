/** Every engine there is, with one contract: in this process, behind a thread's messages, and followed by a replica. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { native } from "@anamnesis/crypto/native";
import { catchUp, createLedger, openEmbedded, openOrFound, openReader, serveEngine } from "@anamnesis/embedded";
import type { Contract, Engine, Genesis, LogReader } from "@anamnesis/ledger";
import { remoteEngine } from "../../../packages/engines/embedded/src/thread/remote.ts";

export interface Running {
  readonly engine: Engine;
  /** Where the outcome is read: the engine itself, or a replica that has executed everything again. */
  outcome(): Promise<LogReader>;
  close(): Promise<void>;
}

export interface Chain {
  readonly genesis: Genesis;
  readonly contract: Contract;
  readonly logSeed: Uint8Array;
  readonly clock: { now(): number };
}

type Start = (chain: Chain) => Promise<Running>;

const options = ({ genesis, contract, logSeed, clock }: Chain, dir: string) => ({
  ...{ dir, genesis, contract, clock, primitives: native, logSigner: logSeed },
});

async function founded(chain: Chain) {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-custody-"));
  const opening = options(chain, join(dir, "ledger"));
  await createLedger(opening);
  return { opening, dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

const inProcess: Start = async (chain) => {
  const { opening, remove } = await founded(chain);
  const engine = await openEmbedded(opening);
  return { engine, outcome: async () => engine, close: () => engine.close().then(remove) };
};

const inThread: Start = async (chain) => {
  const { opening, remove } = await founded(chain);
  const { port1, port2 } = new MessageChannel();
  void serveEngine(port2, () => openEmbedded(opening));
  const engine = await remoteEngine(port1, opening, async () => port1.close());
  return { engine, outcome: async () => engine, close: () => engine.close().then(remove) };
};

const replicated: Start = async (chain) => {
  const { opening, dir, remove } = await founded(chain);
  const engine = await openEmbedded(opening);
  const log = await openReader(opening);
  const followed = {
    checkpoint: () => log.checkpoint(),
    tile: (path: string) => log.tile(path),
    notes: async (sequence: number) => log.notes(sequence, 256),
  };
  const replica = await openOrFound({ ...options(chain, join(dir, "replica")) }, followed);
  return {
    engine,
    async outcome() {
      await catchUp(replica, followed, { primitives: native, signal: AbortSignal.timeout(60_000) });
      return replica.reader;
    },
    async close() {
      replica.close();
      await log.close();
      await engine.close();
      remove();
    },
  };
};

export const ENGINES: readonly (readonly [string, Start])[] = [
  ["embedded", inProcess],
  ["embedded, in a thread", inThread],
  ["a replica of it", replicated],
];
