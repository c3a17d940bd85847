/** The ledger of a data folder: made once, opened by the one process that orders, read by any other. */
import { contract } from "@anamnesis/contracts";
import { createLedger, type LedgerReader, openEmbedded, openReader } from "@anamnesis/embedded";
import type { Engine, Genesis } from "@anamnesis/ledger";
import { type Folder, logSeed } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import type { FolderLayout } from "./folder/layout.ts";
import { primitives, systemClock } from "./system.ts";

/** @throws AnamnesisError what the engine throws, and `node/bad-key-file` */
export function createFolderLedger(layout: FolderLayout, genesis: Genesis): Promise<void> {
  const logSigner = readKey(`${layout.keys}/log.key`);
  return createLedger({ dir: layout.ledger, genesis, primitives, contract, logSigner });
}

/** @throws AnamnesisError `ledger/locked` when another process orders this ledger, `ledger/damaged-store`, … */
export function openEngine(folder: Folder): Promise<Engine> {
  const { layout, genesis } = folder;
  const logSigner = logSeed(folder);
  return openEmbedded({ dir: layout.ledger, genesis, primitives, contract, logSigner, clock: systemClock });
}

/** A reader that needs no lock and works beside a running node; another ledger put in its place is refused. */
export function openLog(folder: Folder): Promise<LedgerReader> {
  const { layout, genesis } = folder;
  return openReader({ dir: layout.ledger, primitives, genesis });
}
