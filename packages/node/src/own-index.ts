/** The row index as the process that captures opens it. It is a cache: one that cannot be used is set aside and made anew. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { openRowIndex, type RowIndex } from "@anamnesis/capture";
import { codeOf } from "@anamnesis/core";

const UNUSABLE: ReadonlySet<string> = new Set(["capture/damaged-store", "capture/store-version"]);
const PARTS = ["", "-wal", "-shm"];

/** Capture fills a new index from the ledger before it goes on. The old file stays beside it for whoever wants to look. */
export function openOwnIndex(path: string, source: string): RowIndex {
  try {
    return openRowIndex(path, { source });
  } catch (error) {
    if (!UNUSABLE.has(codeOf(error) ?? "")) throw error;
    for (const part of PARTS) {
      rmSync(`${path}.unusable${part}`, { force: true });
      if (existsSync(path + part)) renameSync(path + part, `${path}.unusable${part}`);
    }
    return openRowIndex(path, { source });
  }
}
