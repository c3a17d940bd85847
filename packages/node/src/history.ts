/** The life of one row, each event proved against the newest checkpoint. Needs no running node. */
import { openRowIndex, type RowHistory, rowHistory } from "@anamnesis/capture";
import { type Environment, openAccess, type SourceAccess } from "./access.ts";
import { nodeError } from "./errors.ts";
import type { Folder } from "./folder/folder.ts";
import { readSeals, sizeOf } from "./follower/seal-store.ts";
import { openLog } from "./ledger.ts";
import { type MadeProof, proveEvent, type SealedTrust } from "./proof-make.ts";
import { tablesOf } from "./sources.ts";
import { primitives } from "./system.ts";

export interface HistoryRequest {
  readonly folder: Folder;
  readonly source: string;
  readonly table: string;
  readonly key: string;
  readonly env: Environment;
  /** Also make the proof of the newest event. */
  readonly prove?: boolean;
}

export interface History {
  readonly history: RowHistory;
  readonly proof?: MadeProof;
}

/** @throws AnamnesisError `node/*`, `capture/unknown-row`, `capture/cannot-connect`, `ledger/*` */
export async function historyOf(request: HistoryRequest): Promise<History> {
  const { folder, source, table, key, env } = request;
  const access = openAccess(folder, source, "read", env);
  const log = await openLog(folder);
  const index = openRowIndex(access.files.index, { source: access.name, readOnly: true });
  try {
    const { handles, sealers } = access;
    const schema = await tableNamed(access, table);
    const history = await rowHistory({ log, index, primitives, handles, sealers, table: schema, key });
    const newest = history.events.at(-1);
    if (request.prove !== true || newest === undefined) return { history };
    return { history, proof: await proveEvent(log, newest.index, sealedBehind(folder, newest.index)) };
  } finally {
    index.close();
    await log.close();
    access.close();
  }
}

/** The newest sealed checkpoint that covers the event, and the way to it: what a reader with genesis alone can check. */
function sealedBehind({ layout, genesis }: Folder, index: number): SealedTrust | undefined {
  const { links, newest } = readSeals(layout.seals, genesis);
  return newest !== undefined && sizeOf(newest) > index ? { links, target: newest } : undefined;
}

async function tableNamed(access: SourceAccess, name: string) {
  const tables = await tablesOf(access);
  const found = tables.find((t) => t.name === name);
  if (found !== undefined) return found;
  throw nodeError("node/unknown-row", "no captured table has this name: write it as schema.table", { table: name });
}
