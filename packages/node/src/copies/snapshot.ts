/** A snapshot of a data folder's ledger, beside the node that runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LedgerReader, MANIFEST, openReader, type SnapshotManifest, takeSnapshot } from "@anamnesis/embedded";
import { parseNote, withSignatures } from "@anamnesis/ledger";
import { explainFile } from "../errors.ts";
import type { Folder } from "../folder/folder.ts";
import { readSeals } from "../follower/seal-store.ts";
import { openLog } from "../ledger.ts";
import { primitives } from "../system.ts";
import { signedSize } from "./known.ts";

export interface CopyOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export const isSnapshot = (dir: string): boolean => existsSync(join(dir, MANIFEST));

/** To be closed. @throws AnamnesisError what opening a ledger throws */
export const openSnapshot = (dir: string): Promise<LedgerReader> => openReader({ dir, primitives });

/** @throws AnamnesisError `ledger/exists`, `ledger/disk-full`, `node/no-access`, `node/disk-full`, what opening the ledger throws */
export async function snapshotFolder(folder: Folder, out: string, options: CopyOptions): Promise<SnapshotManifest> {
  const sealed = readSeals(folder.layout.seals, folder.genesis).newest?.note;
  const reader = await openLog(folder);
  try {
    const { size } = await reader.checkpoint();
    // A follower hears of seals before it has the leaves.
    const here = sealed !== undefined && (signedSize(folder, sealed) ?? size + 1) <= size;
    const cosigned = (note: string): string =>
      sealed !== undefined && parseNote(sealed).text === parseNote(note).text
        ? withSignatures(note, parseNote(sealed).signatures)
        : note;
    return await takeSnapshot(reader, out, { primitives, cosigned, ...(here && { sealed }), ...options });
  } catch (problem) {
    throw explainFile(problem, "the snapshot cannot be written");
  } finally {
    await reader.close();
  }
}
