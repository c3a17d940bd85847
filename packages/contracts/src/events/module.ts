/**
 * The `events` module: batches of events about a source's data. It vouches for three things and nothing else: the events
 * are the ones that were signed, they are well-formed and in order, and no stretch of a source's history is skipped or told
 * twice without saying so.
 */
import { equal } from "@anamnesis/core";
import {
  type Context,
  decodeEventHead,
  type EventHead,
  LIMITS,
  leafHashes,
  type Refusal,
  type SignedTransaction,
  treeHash,
} from "@anamnesis/ledger";
import type { Command, Module } from "../module.ts";
import { reading, refuse } from "../refusal.ts";
import { BATCH_KIND, type BatchHeader, comparePositions, parseBatchBody, START } from "./batch.ts";
import { spend } from "./quota.ts";
import { encodeSourceState, readSource, type SourceState, sourcePath } from "./state.ts";

const batch: Command = { check: checkBatch, handle: handleBatch };

export const events: Module = { name: "events", commands: { [BATCH_KIND]: batch } };

function checkBatch(tx: SignedTransaction): Refusal | null {
  const size = tx.attachments.reduce((n, leaf) => n + leaf.length, 0);
  if (tx.attachments.length > LIMITS.batchEvents || size > LIMITS.batchBytes) {
    return { code: "ledger/too-large", message: `a batch has at most ${LIMITS.batchEvents} events and 600 KiB` };
  }
  const header = headerOf(tx);
  if ("code" in header) return header;
  if (header.count === 0 || header.count !== tx.attachments.length) {
    return refuse("events/malformed-batch", "the header's count is not the number of events");
  }
  if (comparePositions(header.from, header.to) >= 0) {
    return refuse("events/malformed-batch", "a batch must move the position forward");
  }
  return null;
}

function handleBatch(context: Context, tx: SignedTransaction): Refusal | null {
  const header = headerOf(tx);
  if ("code" in header) return header;
  const organisation = context.signers[0];
  if (organisation === undefined) return refuse("events/malformed-batch", "nobody signed the batch");

  const first = readEvents(tx, header);
  if ("code" in first) return first;

  const hashes = leafHashes(context.primitives, tx.attachments);
  if (!equal(treeHash(context.primitives, hashes), header.root)) {
    return refuse("events/wrong-root", "the events are not the ones that the header commits to");
  }

  const known = readSource(context, organisation, header.source);
  const gap = continuity(known, header, first);
  if (gap !== null) return gap;
  const flood = spend(context, organisation, header.count);
  if (flood !== null) return flood;

  const next: SourceState = {
    incarnation: header.incarnation,
    position: header.to,
    batches: (known?.batches ?? 0) + 1,
    events: (known?.events ?? 0) + header.count,
  };
  context.put(sourcePath(organisation, header.source), encodeSourceState(next));
  context.emit(tx.attachments, hashes);
  return null;
}

/** Every event well-formed, of this source, and rising within (from, to]. Gives the first one. */
function readEvents(tx: SignedTransaction, header: BatchHeader): EventHead | Refusal {
  let first: EventHead | undefined;
  let lsn = header.from.lsn;
  let ordinal = header.from.ordinal;
  for (const leaf of tx.attachments) {
    const event = reading("events/malformed-batch", () => decodeEventHead(leaf));
    if ("code" in event) return event;
    if (event.source !== header.source) return refuse("events/malformed-batch", "an event names another source");
    const rises = event.lsn > lsn || (event.lsn === lsn && event.ordinal > ordinal);
    // The first event of a declared gap or restore may lie before `from`: that is what it declares.
    if (!rises && !(first === undefined && declares(event))) {
      return refuse("events/not-in-order", "events must rise by LSN and ordinal");
    }
    first ??= event;
    lsn = event.lsn;
    ordinal = event.ordinal;
  }
  if (lsn > header.to.lsn || (lsn === header.to.lsn && ordinal > header.to.ordinal)) {
    return refuse("events/not-in-order", "an event lies behind the batch's end");
  }
  return first ?? refuse("events/malformed-batch", "a batch has at least one event");
}

function continuity(known: SourceState | undefined, header: BatchHeader, first: EventHead): Refusal | null {
  if (declares(first)) return null;
  if (known === undefined) {
    return comparePositions(header.from, START) === 0
      ? null
      : refuse("events/undeclared-gap", "the first batch of a source starts at [0, 0]");
  }
  if (!equal(known.incarnation, header.incarnation)) {
    return refuse("events/undeclared-gap", "the source has another incarnation than the ledger knows");
  }
  const order = comparePositions(header.from, known.position);
  if (order < 0) return refuse("events/stale-position", "the ledger already knows this stretch of the source");
  if (order > 0) return refuse("events/undeclared-gap", "the batch skips a stretch of the source");
  return null;
}

const declares = (event: EventHead): boolean => event.kind === "gap" || event.kind === "restored";

const headerOf = (tx: SignedTransaction): BatchHeader | Refusal =>
  reading("events/malformed-batch", () => parseBatchBody(tx.transaction.body));
