/** Reading our own events back from the log: to bring the index up to date, and to find what has a baseline. */
import { type OrgId, toHex } from "@anamnesis/core";
import { decodeEvent, type LogReader } from "@anamnesis/ledger";
import { captureError } from "./errors.ts";
import { NAMED } from "./index/apply.ts";
import { ownLeaves } from "./own-leaves.ts";
import { ENDED } from "./rebaseline/register.ts";
import type { PlacedLeaf, RowIndexWriter } from "./row-index.ts";
import type { TableSchema } from "./source.ts";

const CHUNK = 4_096;

/** Applies what became final while the index was not looking. Returns how many leaves were read. */
export async function catchUp(
  log: LogReader,
  organisation: OrgId,
  index: RowIndexWriter,
  signal: AbortSignal,
): Promise<number> {
  const from = index.appliedTo();
  const { size } = await log.checkpoint();
  if (from > size) {
    throw captureError("capture/damaged-store", "the row index is ahead of the ledger: delete it, it is rebuilt", {
      index: from,
      ledger: size,
    });
  }
  let chunk: PlacedLeaf[] = [];
  for await (const leaf of ownLeaves(log, organisation, from, size)) {
    if (signal.aborted) throw captureError("capture/stopped", "stopped while reading the log");
    chunk.push(leaf);
    if (chunk.length < CHUNK) continue;
    index.apply(chunk);
    chunk = [];
  }
  if (chunk.length > 0) index.apply(chunk);
  index.skipTo(size);
  return size - from;
}

export interface TableHistory {
  /** Tables (hexadecimal handles) whose baseline is complete. */
  readonly baselined: Set<string>;
  /** Per table without a key: copies of each row (hexadecimal handle) that should be there. */
  readonly copies: Map<string, Map<string, number>>;
}

/** What is told of tables whose first baseline may not be complete yet, or never was. */
const UNFINISHED: ReadonlySet<string | null> = new Set(["new", NAMED, ENDED]);

/** One pass over the whole log. `keyless`: the tables whose copies are counted. */
export async function scanTables(
  log: LogReader,
  organisation: OrgId,
  source: string,
  keyless: readonly TableSchema[],
  signal: AbortSignal,
): Promise<TableHistory> {
  const history: TableHistory = {
    baselined: new Set(),
    copies: new Map(keyless.map((table) => [toHex(table.handle), new Map<string, number>()])),
  };
  const { size } = await log.checkpoint();
  for await (const { leaf } of ownLeaves(log, organisation, 0, size)) {
    if (signal.aborted) throw captureError("capture/stopped", "stopped while reading the log");
    const event = decodeEvent(leaf);
    if (event.source !== source) continue;
    const table = toHex(event.table);
    if (event.kind === "schema" && !UNFINISHED.has(event.purpose)) history.baselined.add(table);
    const copies = history.copies.get(table);
    if (copies !== undefined) count(copies, event.kind, event.row);
  }
  return history;
}

function count(copies: Map<string, number>, kind: string, row: Uint8Array | null): void {
  if (kind === "truncate") copies.clear();
  if (row === null) return;
  const step = kind === "baseline" || kind === "create" ? 1 : kind === "delete" ? -1 : 0;
  if (step !== 0) copies.set(toHex(row), (copies.get(toHex(row)) ?? 0) + step);
}
