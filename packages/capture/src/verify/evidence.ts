/** The index of mode `from-log`: made from the log's leaves in a temporary folder, gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SignedCheckpoint } from "@anamnesis/ledger";
import { LogReplay } from "../index/from-log.ts";
import { openRowIndex } from "../index/sqlite-index.ts";
import type { RowIndexReader } from "../row-index.ts";
import type { VerifyOptions } from "./verify.ts";

export interface TemporaryIndex {
  readonly index: RowIndexReader;
  /** Takes in what the log has by now; returns the checkpoint that covers it. */
  catchUp(): Promise<SignedCheckpoint>;
  close(): void;
}

export function openTemporaryIndex(options: VerifyOptions, parent: string): TemporaryIndex {
  const dir = mkdtempSync(join(parent, "anamnesis-verify-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const index = openRowIndex(join(dir, "rows.sqlite"), { source: options.sourceName });
    const { onProgress, signal, primitives, organisation } = options;
    const replay = new LogReplay(options.log, index, {
      primitives,
      organisation,
      ...(onProgress && { onProgress: (done, size) => onProgress({ step: "log", done, size }) }),
      ...(signal && { signal }),
    });
    return {
      index,
      catchUp: () => replay.catchUp(),
      close() {
        index.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
