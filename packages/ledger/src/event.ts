/**
 * The event leaf (spec/encoding.md, "Event leaf"). Events are the bulk of every log, so they are written and read by
 * hand: one exact form, in one pass, without intermediate values. The tests hold it against the DAG-CBOR library.
 */
import type { Bytes } from "@anamnesis/core";
import { CborReader, CborWriter } from "./cbor-stream.ts";
import { ledgerError } from "./errors.ts";

export const EVENT_KINDS = [
  "baseline",
  "create",
  "update",
  "delete",
  "truncate",
  "read",
  "schema",
  "gap",
  "restored",
  "erase",
  "retired",
  "accepted",
  "contradicted",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface Event {
  readonly kind: EventKind;
  readonly source: string;
  /** 8 bytes: the table's handle; zeros where the event concerns the whole source. */
  readonly table: Uint8Array;
  /** 16 bytes: the row's handle. */
  readonly row: Uint8Array | null;
  /** 8 bytes: fingerprint of the columns covered. */
  readonly schema: Uint8Array | null;
  /** 32 bytes. */
  readonly commitment: Uint8Array | null;
  /** Commit LSN and ordinal in the transaction, from 1: unique per incarnation. */
  readonly lsn: bigint;
  readonly ordinal: number;
  /** 64-bit transaction id at the source; 0 = visible to every later snapshot. */
  readonly xid: bigint;
  /** Microseconds since 1970. */
  readonly time: number;
  /** 16 bytes: the actor's handle; null = unknown. */
  readonly actor: Uint8Array | null;
  readonly purpose: string | null;
}

const KIND_OF = new Map<string, EventKind>(EVENT_KINDS.map((k) => [k, k]));
const FIELDS = 13;
const PURPOSE_MAX = 32;

/** Canonical bytes of an event leaf: a fresh array. */
export function encodeEvent(event: Event): Uint8Array {
  write(writer, event);
  return writer.take();
}

/** The same in memory that the next event is written to: for those that copy them anyway, thousands in a row. */
export function encodeEventOnce(event: Event): Uint8Array {
  write(writer, event);
  return writer.view();
}

function write(w: CborWriter, event: Event): void {
  w.reset();
  w.array(FIELDS);
  w.uint(2);
  w.text(event.kind);
  w.text(event.source);
  w.bytes(event.table);
  w.bytesOrNull(event.row);
  w.bytesOrNull(event.schema);
  w.bytesOrNull(event.commitment);
  w.uint64(event.lsn);
  w.uint(event.ordinal);
  w.uint64(event.xid);
  w.uint(event.time);
  w.bytesOrNull(event.actor);
  if (event.purpose === null) w.null();
  else w.text(event.purpose);
}

const writer = new CborWriter(1024);

/** @throws AnamnesisError `ledger/malformed` on anything but the one canonical form of a well-formed event. */
export function decodeEvent(leaf: Bytes): Event {
  const { kind, source, bytes } = beginningOf(leaf);
  const r = new CborReader(leaf, bytes.length);
  const event: Event = {
    kind,
    source,
    table: r.bytes(8),
    row: r.bytesOrNull(16),
    schema: r.bytesOrNull(8),
    commitment: r.bytesOrNull(32),
    lsn: r.uint64(),
    ordinal: r.uint(),
    xid: r.uint64(),
    time: r.uint(),
    actor: r.bytesOrNull(16),
    purpose: r.textOrNull(PURPOSE_MAX),
  };
  r.end();
  return event;
}

/** What a ledger needs to know of an event to put it in its place. */
export type EventHead = Pick<Event, "kind" | "source" | "lsn" | "ordinal">;

/**
 * Checks a leaf as strictly as `decodeEvent` and gives only its head: a ledger reads millions of events whose handles and
 * commitments mean nothing to it. @throws AnamnesisError `ledger/malformed` exactly where `decodeEvent` does.
 */
export function decodeEventHead(leaf: Bytes): EventHead {
  const { kind, source, bytes } = beginningOf(leaf);
  const r = new CborReader(leaf, bytes.length);
  r.skipBytes(8);
  r.skipBytesOrNull(16);
  r.skipBytesOrNull(8);
  r.skipBytesOrNull(32);
  const lsn = r.uint64();
  const ordinal = r.uint();
  r.skipUint64();
  r.uint();
  r.skipBytesOrNull(16);
  r.textOrNull(PURPOSE_MAX);
  r.end();
  return { kind, source, lsn, ordinal };
}

/** How an event begins: equal bytes mean the same kind and source, and most events begin like the last one of their kind. */
interface Beginning extends Pick<Event, "kind" | "source"> {
  readonly bytes: Uint8Array;
}

/** By the first letter of the kind, so to speak: where two kinds share it, one of them is read again. */
const newest = new Array<Beginning | undefined>(32).fill(undefined);
const LETTER_AT = 3;

function beginningOf(leaf: Bytes): Beginning {
  const place = (leaf[LETTER_AT] ?? 0) & 31;
  const known = newest[place];
  if (known !== undefined && beginsWith(leaf, known.bytes)) return known;
  if (!isEventLeaf(leaf)) throw malformed("not an event leaf");
  const r = new CborReader(leaf, 2);
  const kind = KIND_OF.get(r.text(16));
  if (kind === undefined) throw malformed("unknown kind of event");
  const source = r.text(32);
  const beginning = { kind, source, bytes: leaf.slice(0, r.at) };
  newest[place] = beginning;
  return beginning;
}

function beginsWith(bytes: Bytes, start: Bytes): boolean {
  let at = 0;
  while (at < start.length && bytes[at] === start[at]) at++;
  return at === start.length;
}

/** Whether a leaf starts like an event (type 2 in a list of 13): cheap, for telling leaves apart. */
export const isEventLeaf = (leaf: Bytes): boolean => leaf[0] === 0x80 + FIELDS && leaf[1] === 2;

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad event leaf: ${why}`);
}

/** The purpose code of an event must be short and printable: it stands on the ledger in clear. */
export function purposeCode(text: string): string | null {
  return /^[A-Za-z0-9._:-]{1,32}$/.test(text) ? text : null;
}
