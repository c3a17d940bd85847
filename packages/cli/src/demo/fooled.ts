/**
 * Why `--from-log` exists. The local index is a cache that its owner can put back to an older state and mark as current;
 * a row put back to its older value then looks right. What the ledger's entries say cannot be put back.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { openRowIndex } from "@anamnesis/capture";
import { type Folder, openEngine, sourceLayout, startSource, verifyNamed } from "@anamnesis/node";
import { SOURCE } from "../sandbox/state.ts";
import { behindCapture, legally, TABLE } from "./administrator.ts";

const OLDER = "surgery";
const NEWER = "surgery,heart";

/** Findings about the one row, by each of the two ways. No node may be running. */
export async function fooledByRollback(
  folder: Folder,
  url: string,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly cache: number; readonly fromLog: number }> {
  const { index } = sourceLayout(folder.layout, SOURCE);
  const copy = `${index}.older`;
  await legally(url, key, OLDER);
  await captureAll(folder);
  copyCache(index, copy);
  await legally(url, key, NEWER);
  const size = await captureAll(folder);
  await behindCapture(url, key, OLDER);
  putBack(copy, index, size);
  const request = { folder, source: SOURCE, table: TABLE, key, env: {}, signal };
  const cache = await verifyNamed({ ...request, mode: "cache" });
  const fromLog = await verifyNamed({ ...request, mode: "from-log" });
  rmSync(index);
  return { cache: cache.report.totals.altered, fromLog: fromLog.report.totals.altered };
}

async function captureAll(folder: Folder): Promise<number> {
  const engine = await openEngine(folder);
  try {
    const source = startSource({ folder, engine, name: SOURCE, env: {}, untilCaughtUp: true });
    await source.done;
    return (await engine.checkpoint()).size;
  } finally {
    await engine.close();
  }
}

const PARTS = ["", "-wal", "-shm"];

function copyCache(from: string, to: string): void {
  for (const part of PARTS) {
    rmSync(to + part, { force: true });
    if (existsSync(from + part)) copyFileSync(from + part, to + part);
  }
}

/** The older cache, claiming to know everything up to `size`. */
function putBack(copy: string, index: string, size: number): void {
  copyCache(copy, index);
  for (const part of PARTS) rmSync(copy + part, { force: true });
  const older = openRowIndex(index, { source: SOURCE });
  older.skipTo(size);
  older.close();
}
