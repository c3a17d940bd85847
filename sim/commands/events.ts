/** Batches of events as honest, clumsy and hostile clients send them. */

import { BATCH_KIND, type BatchHeader, encodeBatchBody, type Position } from "@anamnesis/contracts";
import type { encode, SourceId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { EVENT_KINDS, type EventKind, encodeEvent, leafHashes, treeHash } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";

/** What a client believes about its source. */
export interface SourceView {
  readonly source: SourceId;
  readonly incarnation: Uint8Array;
  readonly position: Position;
}

export interface Draft {
  readonly kind: string;
  readonly body: Parameters<typeof encode>[0];
  readonly attachments: readonly Uint8Array[];
  /** The view behind the batch, when it becomes final. */
  readonly next?: SourceView;
}

export function batch(
  chance: Chance,
  view: SourceView,
  events = chance.between(1, chance.once(1, 8) ? 300 : 6),
): Draft {
  const { leaves, to } = run(chance, view, view.position, events);
  return draft(view, { from: view.position, to }, leaves);
}

/** A batch with one thing wrong, and a few that are odd but right. */
export function oddBatch(chance: Chance, view: SourceView): Draft {
  const { position } = view;
  const count = chance.between(1, 4);
  const { leaves, to } = run(chance, view, position, count);
  const span = { from: position, to };
  const later = { lsn: position.lsn + BigInt(chance.between(1, 9)), ordinal: 0 };
  const earlier = { lsn: position.lsn / 2n, ordinal: 0 };
  const other = { ...view, incarnation: chance.bytes(8) };
  const odd: readonly (() => Draft)[] = [
    () => draft(view, span, leaves, { count: leaves.length + 1 }),
    () => draft(view, span, [], { count: 0 }),
    () => draft(view, span, leaves, { root: chance.bytes(32) }),
    () => draft(view, { from: to, to: position }, leaves),
    () => draft(view, { from: position, to: position }, leaves),
    () => draft(view, span, [...leaves].reverse()),
    () => draft(view, span, [...leaves, ...leaves]),
    () => draft(view, { from: position, to: { ...to, ordinal: to.ordinal - 1 } }, leaves),
    () => draft(view, { from: position, to: { ...to, lsn: to.lsn - 1n } }, leaves),
    () =>
      draft(
        view,
        span,
        leaves.map((leaf) => leaf.slice(0, -1)),
      ),
    () => draft(view, span, run(chance, { ...view, source: "elsewhere" as SourceId }, position, count).leaves),
    () => draft(view, { from: later, to: run(chance, view, later, count).to }, run(chance, view, later, count).leaves),
    () => draft(view, { from: earlier, to }, leaves),
    () => draft(other, span, leaves),
    () => gap(chance, other, later),
    () => gap(chance, view, later),
    () => gap(chance, view, earlier),
    () => ({ kind: "events.unheard-of", body: null, attachments: [] }),
    () => ({ kind: BATCH_KIND, body: ["ehr", 1, 2], attachments: leaves }),
  ];
  return chance.pick(odd)();
}

/** A batch that says itself that something is missing. */
function gap(chance: Chance, view: SourceView, from: Position): Draft {
  const kind = chance.pick(["gap", "restored"] as const);
  const first = event(chance, view, chance.once(1, 2) ? from : { ...from, ordinal: from.ordinal + 1 }, kind);
  const { leaves, to } = run(chance, view, { ...from, ordinal: from.ordinal + 1 }, chance.between(1, 4));
  return draft(view, { from, to }, [first, ...leaves]);
}

function run(chance: Chance, view: SourceView, from: Position, count: number) {
  const leaves: Uint8Array[] = [];
  let { lsn, ordinal } = from;
  for (let i = 0; i < count; i++) {
    if (chance.once(1, 3)) [lsn, ordinal] = [lsn + BigInt(chance.between(1, 1000)), 1];
    else ordinal += chance.between(1, 3);
    leaves.push(event(chance, view, { lsn, ordinal }));
  }
  if (chance.once(1, 4)) [lsn, ordinal] = [lsn + 7n, 0];
  return { leaves, to: { lsn, ordinal } };
}

const LIVELY = EVENT_KINDS.filter((kind) => kind !== "gap" && kind !== "restored");

function event(chance: Chance, view: SourceView, place: Position, kind: EventKind = chance.pick(LIVELY)): Uint8Array {
  return encodeEvent({
    kind,
    source: view.source,
    table: chance.bytes(8),
    row: chance.once(1, 9) ? null : chance.bytes(16),
    schema: chance.once(1, 9) ? null : chance.bytes(8),
    commitment: chance.once(1, 5) ? null : chance.bytes(32),
    lsn: place.lsn,
    ordinal: place.ordinal,
    xid: BigInt(chance.bits()),
    time: 1_700_000_000_000_000 + chance.bits(),
    actor: chance.once(1, 2) ? null : chance.bytes(16),
    purpose: chance.once(1, 2) ? null : "TREAT",
  });
}

function draft(
  view: SourceView,
  span: Pick<BatchHeader, "from" | "to">,
  leaves: readonly Uint8Array[],
  change: Partial<BatchHeader> = {},
): Draft {
  const { source, incarnation } = view;
  const root = treeHash(native, leafHashes(native, leaves));
  const header: BatchHeader = { source, incarnation, ...span, count: leaves.length, root, ...change };
  const next = { ...view, position: header.to };
  return { kind: BATCH_KIND, body: encodeBatchBody(header), attachments: leaves, next };
}
