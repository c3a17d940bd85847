/** The ledger of a data folder: made once, opened by the one process that orders, read by any other. */
import { existsSync } from "node:fs";
import { contract } from "@anamnesis/contracts";
import type { Clock } from "@anamnesis/core";
import { createLedger, type LedgerReader, openEmbedded, openInThread, openReader } from "@anamnesis/embedded";
import type { Engine, Genesis } from "@anamnesis/ledger";
import { type Folder, logSeed, organisationSigner } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import type { FolderLayout } from "./folder/layout.ts";
import { PromiseStore } from "./follower/promise-store.ts";
import { Promiser } from "./follower/promising.ts";
import type { LedgerThreadData } from "./ledger-thread.ts";
import { primitives, systemClock } from "./system.ts";

/** @throws AnamnesisError what the engine throws, and `node/bad-key-file` */
export function createFolderLedger(layout: FolderLayout, genesis: Genesis): Promise<void> {
  const logSigner = readKey(layout.logKey);
  return createLedger({ dir: layout.ledger, genesis, primitives, contract, logSigner });
}

/**
 * Settles first what was promised before a crash.
 * @throws AnamnesisError `ledger/locked` when another process orders this ledger, `ledger/damaged-store`, …
 */
export async function openEngine(folder: Folder): Promise<Engine> {
  await settlePromises(folder);
  return openWithClock(folder, systemClock);
}

function openWithClock(folder: Folder, clock: Clock): Promise<Engine> {
  const { layout, genesis } = folder;
  return openEmbedded({ dir: layout.ledger, genesis, primitives, contract, logSigner: logSeed(folder), clock });
}

/**
 * The same in a thread of its own, for a process that stays: capture goes on while a block is made and flushed. Throws as
 * `openEngine` does.
 */
export async function openEngineThread(folder: Folder): Promise<Engine> {
  await settlePromises(folder);
  const { layout, genesis } = folder;
  const data: LedgerThreadData = { dir: layout.ledger, genesis, logSigner: logSeed(folder) };
  const entry = new URL("./ledger-thread.ts", import.meta.url);
  return openInThread(entry, data, { dir: layout.ledger, genesis, primitives });
}

/** A reader that needs no lock and works beside a running node; another ledger put in its place is refused. */
export function openLog(folder: Folder): Promise<LedgerReader> {
  const { layout, genesis } = folder;
  return openReader({ dir: layout.ledger, primitives, genesis });
}

/** Blocks made here bear a time before every open promise's, so that no checkpoint shows one broken that is just being kept. */
async function settlePromises(folder: Folder): Promise<void> {
  const { layout, config } = folder;
  if (!existsSync(layout.promises)) return;
  const store = new PromiseStore(layout.promises);
  try {
    const open = store.due();
    if (open.length === 0) return;
    const earliest = open.reduce((least, { byMs }) => Math.min(least, byMs), Number.MAX_SAFE_INTEGER);
    const clock = { now: () => Math.min(systemClock.now(), earliest) };
    const engine = await openWithClock(folder, clock);
    try {
      const log = await openLog(folder);
      const own = { logSeed: logSeed(folder), signer: organisationSigner(folder), chain: config.chain };
      try {
        await new Promiser({ ...own, engine, log, store, clock: systemClock }).keepAll();
      } finally {
        await log.close();
      }
    } finally {
      await engine.close();
    }
  } finally {
    store.close();
  }
}
