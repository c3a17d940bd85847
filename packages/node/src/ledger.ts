/** The ledger of a data folder: made once, opened by the one process that orders, read by any other. */
import { contract } from "@anamnesis/contracts";
import { createLedger, openEmbedded, openReader } from "@anamnesis/embedded";
import type { Engine, Genesis, LogReader } from "@anamnesis/ledger";
import { type Folder, logSeed } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import type { FolderLayout } from "./folder/layout.ts";
import { primitives, systemClock } from "./system.ts";

export async function createFolderLedger(layout: FolderLayout, genesis: Genesis): Promise<void> {
  const logSigner = readKey(`${layout.keys}/log.key`);
  const engine = await createLedger({
    dir: layout.ledger,
    genesis,
    primitives,
    contract,
    logSigner,
    clock: systemClock,
  });
  await engine.close();
}

/** @throws AnamnesisError `ledger/locked` when another process orders this ledger, `ledger/damaged-store`, … */
export function openEngine(folder: Folder): Promise<Engine> {
  const { layout, genesis } = folder;
  return openEmbedded({
    dir: layout.ledger,
    genesis,
    primitives,
    contract,
    logSigner: logSeed(folder),
    clock: systemClock,
  });
}

/** A reader that needs no lock and works beside a running node. */
export function openLog(folder: Folder): Promise<LogReader & { close(): Promise<void> | void }> {
  return openReader({ dir: folder.layout.ledger, primitives });
}
