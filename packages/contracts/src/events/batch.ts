/** The body of an `events.batch` transaction (spec/encoding.md, "Events: the batch"). */
import { asBytes, asText, asTuple, asUint, asUint64, type Cbor, type SourceId, sourceId } from "@anamnesis/core";

/** A place in the history of a source: commit LSN and ordinal of the event in its transaction. */
export interface Position {
  readonly lsn: bigint;
  readonly ordinal: number;
}

export interface BatchHeader {
  readonly source: SourceId;
  /** One life of the source: 8 bytes. */
  readonly incarnation: Uint8Array;
  readonly from: Position;
  readonly to: Position;
  readonly count: number;
  /** RFC 6962 tree hash of the event leaves. */
  readonly root: Uint8Array;
}

export const BATCH_KIND = "events.batch";
export const START: Position = { lsn: 0n, ordinal: 0 };

export const comparePositions = (a: Position, b: Position): number =>
  a.lsn < b.lsn ? -1 : a.lsn > b.lsn ? 1 : a.ordinal - b.ordinal;

export const positionTuple = (p: Position): Cbor => [wire(p.lsn), p.ordinal];

/** DAG-CBOR has one form per integer: what fits a JavaScript number must be one. */
const wire = (n: bigint): Cbor => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n);

export function parsePosition(value: Cbor | undefined): Position {
  const [lsn, ordinal] = asTuple(value, 2, "position");
  return { lsn: asUint64(lsn, "lsn"), ordinal: asUint(ordinal, "ordinal") };
}

export const encodeBatchBody = (h: BatchHeader): Cbor => [
  h.source,
  h.incarnation,
  positionTuple(h.from),
  positionTuple(h.to),
  h.count,
  h.root,
];

/** @throws AnamnesisError `core/bad-encoding`. */
export function parseBatchBody(body: Cbor): BatchHeader {
  const [source, incarnation, from, to, count, root] = asTuple(body, 6, "batch");
  return {
    source: sourceId(asText(source, 32, "source")),
    incarnation: asBytes(incarnation, 8, "incarnation"),
    from: parsePosition(from),
    to: parsePosition(to),
    count: asUint(count, "count"),
    root: asBytes(root, 32, "root"),
  };
}
