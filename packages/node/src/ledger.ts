/** The ledger of a data folder: made once, opened by the one process that orders, read by any other. */
import { contract } from "@anamnesis/contracts";
import { createLedger, type LedgerReader, openEmbedded, openInThread, openReader } from "@anamnesis/embedded";
import type { Engine, Genesis } from "@anamnesis/ledger";
import { type Folder, logSeed } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import type { FolderLayout } from "./folder/layout.ts";
import type { LedgerThreadData } from "./ledger-thread.ts";
import { primitives, systemClock } from "./system.ts";

/** @throws AnamnesisError what the engine throws, and `node/bad-key-file` */
export function createFolderLedger(layout: FolderLayout, genesis: Genesis): Promise<void> {
  const logSigner = readKey(layout.logKey);
  return createLedger({ dir: layout.ledger, genesis, primitives, contract, logSigner });
}

/** @throws AnamnesisError `ledger/locked` when another process orders this ledger, `ledger/damaged-store`, … */
export function openEngine(folder: Folder): Promise<Engine> {
  const { layout, genesis } = folder;
  const logSigner = logSeed(folder);
  return openEmbedded({ dir: layout.ledger, genesis, primitives, contract, logSigner, clock: systemClock });
}

/**
 * The same in a thread of its own, for a process that stays: capture goes on while a block is made and flushed. Throws as
 * `openEngine` does.
 */
export function openEngineThread(folder: Folder): Promise<Engine> {
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
