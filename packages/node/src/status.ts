/** What a folder's node has done so far, read beside it. */
import { existsSync } from "node:fs";
import {
  openProgress,
  openRowIndex,
  type PendingReason,
  type Progress,
  type RetentionState,
  type RowIndex,
} from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { type Folder, sourceOf } from "./folder/folder.ts";
import { sourceLayout } from "./folder/layout.ts";
import { openLog } from "./ledger.ts";
import { announced, type RunningFile } from "./running-file.ts";
import { shownPosition } from "./sources.ts";

export interface SourceStatus {
  readonly name: string;
  readonly captured: boolean;
  /** Everything before this LSN is final and indexed. */
  readonly passed: string | null;
  readonly rows: number;
  readonly events: number;
  readonly unattributed: number;
  /** Accesses on the ledger, and the time of the newest one (ISO 8601). */
  readonly reads: { readonly total: number; readonly newest: string | null };
  /** Tables whose rows are being gone through, and why; with their place where one was noted. */
  readonly goingThrough: readonly {
    readonly table: string;
    readonly why: PendingReason;
    readonly place: string | null;
  }[];
  /** What the database kept of its log for us when capture last had reason to note it. */
  readonly retention: RetentionState | null;
}

export interface FolderStatus {
  readonly organisation: string;
  readonly running: RunningFile | null;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  readonly sources: readonly SourceStatus[];
}

export async function statusOf(folder: Folder): Promise<FolderStatus> {
  const log = await openLog(folder);
  try {
    const { origin, size, root } = await log.checkpoint();
    return {
      organisation: folder.config.organisation,
      running: announced(folder) ?? null,
      checkpoint: { origin, size, root: toHex(root) },
      sources: folder.config.sources.map(({ name }) => sourceStatus(folder, name)),
    };
  } finally {
    await log.close();
  }
}

function sourceStatus(folder: Folder, name: string): SourceStatus {
  const files = sourceLayout(folder.layout, name);
  if (!existsSync(files.index) || !existsSync(files.progress)) {
    return {
      name,
      captured: false,
      passed: null,
      rows: 0,
      events: 0,
      unattributed: 0,
      reads: { total: 0, newest: null },
      retention: null,
      goingThrough: [],
    };
  }
  const index = openRowIndex(files.index, { source: name, readOnly: true });
  const progress = openProgress(files.progress, { readOnly: true });
  try {
    const passed = progress.passed();
    const retention = progress.retention() ?? null;
    return {
      ...{
        name,
        captured: true,
        passed: passed === undefined ? null : shownPosition(sourceOf(folder, name).url, passed),
        retention,
        reads: shownReads(index.reads()),
        goingThrough: goingThrough(progress),
      },
      ...index.counters(),
    };
  } finally {
    progress.close();
    index.close();
  }
}

const shownReads = ({ total, newest }: ReturnType<RowIndex["reads"]>): SourceStatus["reads"] => ({
  total,
  newest: newest === undefined ? null : new Date(newest / 1000).toISOString(),
});

function goingThrough({ tables }: Progress): SourceStatus["goingThrough"] {
  const names = new Map(tables.met("").map((t) => [toHex(t.handle), t]));
  return [...tables.pending()].map(([handle, why]) => {
    const known = names.get(handle);
    const place = known === undefined ? null : (tables.place(known.handle) ?? null);
    return { table: known?.name ?? handle, why, place };
  });
}
