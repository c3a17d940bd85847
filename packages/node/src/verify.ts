/** Verification of one source of the folder: beside a running node, or with capture run here until it has caught up. */
import {
  openProgress,
  openRowIndex,
  type RowIndexReader,
  type VerifyMode,
  type VerifyProgress,
  type VerifyReport,
  verifySource,
  waitForBarrier,
  waitForPosition,
} from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import type { LogReader } from "@anamnesis/ledger";
import { type Environment, openAccess, type SourceAccess } from "./access.ts";
import { withCapture } from "./beside.ts";
import { type Folder, sourceOf } from "./folder/folder.ts";
import { databaseUrl, productOf } from "./folder/url.ts";
import { openVerifySource, pushed } from "./sources.ts";
import { primitives } from "./system.ts";

export interface VerifyRequest {
  readonly folder: Folder;
  readonly source: string;
  /** `schema.table` */
  readonly table?: string | undefined;
  /** Key text; needs `table`. */
  readonly key?: string | undefined;
  readonly mode: VerifyMode;
  /** Also list events without a known actor. */
  readonly listUnattributed?: boolean;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Longest wait for capture to pass the marker. */
  readonly deadlineMs?: number;
}

export interface UnattributedLine {
  readonly index: number;
  readonly table: string;
  readonly key: string | null;
  readonly kind: string;
  /** Microseconds since 1970. */
  readonly time: number;
}

export interface Verified {
  readonly report: VerifyReport;
  readonly unattributed?: readonly UnattributedLine[];
}

const UNATTRIBUTED_MAX = 10_000;
const DEADLINE_MS = 120_000;

/** @throws AnamnesisError `node/*`, `capture/*` and `ledger/*`: then nothing could be verified */
export async function verifyNamed(request: VerifyRequest): Promise<Verified> {
  const { folder, source, env, signal } = request;
  if (productOf(databaseUrl(sourceOf(folder, source).url, env)) === "debezium") throw pushed();
  return withCapture({ folder, source, env, signal }, (log) => verifyBeside(log, request));
}

/** The same while capture is known to run, here or in another process. */
export async function verifyBeside(log: LogReader, request: VerifyRequest): Promise<Verified> {
  const access = openAccess(request.folder, request.source, "read", request.env);
  try {
    const index = openRowIndex(access.files.index, { source: access.name, readOnly: true });
    try {
      const report = await compare(log, index, access, request);
      if (request.listUnattributed !== true) return { report };
      index.refresh();
      return { report, unattributed: unattributedOf(index, access, request.table) };
    } finally {
      index.close();
    }
  } finally {
    access.close();
  }
}

async function compare(
  log: LogReader,
  index: RowIndexReader,
  access: SourceAccess,
  request: VerifyRequest,
): Promise<VerifyReport> {
  const { mode, table, key, signal, onProgress, deadlineMs = DEADLINE_MS } = request;
  const progress = openProgress(access.files.progress, { readOnly: true });
  const source = await openVerifySource(access);
  try {
    return await verifySource({
      ...{ source, log, index, mode, primitives, signal },
      sourceName: access.name,
      organisation: access.organisation,
      handles: access.handles,
      sealers: access.sealers,
      waitForBarrier: (token, lsn, s) =>
        token === undefined
          ? waitForPosition(progress, () => source.barrier(""), { signal: s, deadlineMs })
          : waitForBarrier(progress, token, lsn, { signal: s, deadlineMs }),
      ...(table === undefined ? {} : { table }),
      ...(key === undefined ? {} : { key }),
      ...(onProgress === undefined ? {} : { onProgress }),
      temporaryDir: access.files.dir,
      pending: () => progress.tables.pending(),
      layouts: (table) => progress.tables.layouts(table),
    });
  } finally {
    await source.close();
    progress.close();
  }
}

function unattributedOf(index: RowIndexReader, access: SourceAccess, table: string | undefined): UnattributedLine[] {
  const handle = table === undefined ? undefined : access.handles.table(table);
  return index.unattributed(UNATTRIBUTED_MAX, handle).map((e) => ({
    index: e.index,
    table: index.tableName(e.table) ?? toHex(e.table),
    key: e.key ?? (e.row === null ? null : `#${toHex(e.row)}`),
    kind: e.kind,
    time: e.time,
  }));
}
