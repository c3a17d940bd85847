/** The life of one row: every event about it, each proved to be in the log under its newest checkpoint. */
import { toHex } from "@anamnesis/core";
import type { Handles, Primitives } from "@anamnesis/crypto";
import {
  decodeEvent,
  type EventKind,
  type LogReader,
  leafHash,
  ledgerError,
  type SignedCheckpoint,
  verifyInclusion,
} from "@anamnesis/ledger";
import { checkSignedCheckpoint } from "./index/from-log.ts";
import type { RowIndexReader } from "./row-index.ts";
import type { TableSchema } from "./source.ts";
import type { SubjectSealers } from "./subject-sealers.ts";
import { verifyError } from "./verify/errors.ts";
import { RowIdentity } from "./verify/row-identity.ts";

export interface HistoryOptions {
  readonly log: LogReader;
  /** Tells which log entries concern the row. An entry that the cache hides is not shown: see `verify --from-log`. */
  readonly index: RowIndexReader;
  readonly primitives: Primitives;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  readonly table: TableSchema;
  /** Key text as in findings. */
  readonly key: string;
}

export interface HistoryEvent {
  readonly index: number;
  readonly kind: EventKind;
  /** Microseconds since 1970. */
  readonly time: number;
  /** Name, or the handle in hexadecimal when no name is known; null = nobody was named. */
  readonly actor: string | null;
  readonly purpose: string | null;
  readonly leaf: Uint8Array;
  /** Audit path to the checkpoint's root (RFC 6962 §2.1.1), checked. */
  readonly inclusion: readonly Uint8Array[];
}

export interface RowHistory {
  readonly table: string;
  readonly key: string;
  readonly checkpoint: SignedCheckpoint;
  /** Oldest first. */
  readonly events: readonly HistoryEvent[];
}

/**
 * @throws AnamnesisError `capture/unknown-row` when no event is known, `ledger/bad-proof` when one is not in the log or
 *   is not about this row, `ledger/bad-checkpoint`.
 */
export async function rowHistory(options: HistoryOptions): Promise<RowHistory> {
  const { log, index, handles, sealers, primitives, table, key } = options;
  const row = new RowIdentity(table, handles, sealers).handleOfText(key);
  const id = row === undefined ? undefined : index.find(table.handle, row);
  const known = id === undefined ? [] : index.eventsOf(id);
  if (row === undefined || known.length === 0) {
    throw verifyError("capture/unknown-row", "the ledger has no event of this row: check table and key");
  }
  const checkpoint = await log.checkpoint();
  checkSignedCheckpoint(primitives, log, checkpoint);
  const events: HistoryEvent[] = [];
  for (const { index: at } of known) {
    if (at < checkpoint.size) events.push(await provedEvent(options, row, at, checkpoint));
  }
  return { table: table.name, key, checkpoint, events };
}

async function provedEvent(
  { log, index, primitives, table }: HistoryOptions,
  row: Uint8Array,
  at: number,
  checkpoint: SignedCheckpoint,
): Promise<HistoryEvent> {
  const leaf = await leafAt(log, at);
  const inclusion = await log.inclusion(at, checkpoint.size);
  if (!verifyInclusion(primitives, leafHash(primitives, leaf), at, checkpoint.size, inclusion, checkpoint.root)) {
    throw ledgerError("ledger/bad-proof", "an event of the row is not in the log under its checkpoint", { index: at });
  }
  const event = decodeEvent(leaf);
  if (event.row === null || toHex(event.row) !== toHex(row) || toHex(event.table) !== toHex(table.handle)) {
    throw ledgerError("ledger/bad-proof", "the row index names an event of another row: delete it, it is rebuilt", {
      index: at,
    });
  }
  const { kind, time, purpose, actor } = event;
  const who = actor === null ? null : (index.actorName(actor) ?? toHex(actor));
  return { index: at, kind, time, actor: who, purpose, leaf, inclusion };
}

async function leafAt(log: LogReader, at: number): Promise<Uint8Array> {
  for await (const { leaf } of log.leaves(at, at + 1)) return leaf.slice();
  throw ledgerError("ledger/bad-proof", "the log has no entry at this index", { index: at });
}
