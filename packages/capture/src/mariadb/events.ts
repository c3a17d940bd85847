/**
 * Events of the binary log, as MariaDB's dump thread sends them ("Replication Protocol", version 4, without checksums). The
 * parser takes nothing for granted: whatever is cut off or unknown is an error, never a guess.
 */
import { inflateSync } from "node:zlib";
import { captureError } from "../errors.ts";
import { Cursor } from "./cursor.ts";

export interface EventHeader {
  readonly code: number;
  /** Seconds since 1970: when the statement began, as the session's clock said. */
  readonly seconds: number;
  readonly server: number;
}

export type BinlogEvent =
  | { readonly kind: "group"; readonly head: EventHeader; readonly group: GroupStart }
  | { readonly kind: "query"; readonly database: string; readonly sql: string }
  | { readonly kind: "statement"; readonly text: Buffer }
  | { readonly kind: "table"; readonly body: Cursor }
  | { readonly kind: "rows"; readonly change: RowsKind; readonly body: RowsBody }
  | { readonly kind: "commit" }
  | { readonly kind: "prepared"; readonly onePhase: boolean }
  | { readonly kind: "lost" }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "other" };

export type RowsKind = "create" | "update" | "delete";

/** The head of an event group: one transaction, or one statement that is its own. */
export interface GroupStart {
  readonly sequence: bigint;
  readonly domain: number;
  readonly server: number;
  /** Seconds since 1970. */
  readonly seconds: number;
  /** One event follows and no end: DDL. */
  readonly standalone: boolean;
  /** What follows is prepared, and decided by another group with the same `xa`. */
  readonly prepared: boolean;
  readonly decided: boolean;
  readonly xa: string | undefined;
}

export interface RowsBody {
  readonly tableId: number;
  readonly columns: number;
  /** Which columns the images hold; for an update, of the row before and after. */
  readonly present: readonly Buffer[];
  readonly images: Cursor;
  /** The session had switched foreign keys off: nothing followed from these changes. */
  readonly free: boolean;
}

const HEADER_BYTES = 19;
const GTID_STANDALONE = 1;
const GTID_GROUP_COMMIT = 2;
const GTID_PREPARED = 64;
const GTID_DECIDED = 128;
const ROWS_FREE = 2;
/** Says that no rows follow. */
export const NO_TABLE = 0xff_ff_ff;

/** `buffer[at, end)` is the event after the marker byte. */
export function parseEvent(buffer: Buffer, at: number, end: number): BinlogEvent {
  const cursor = new Cursor(buffer, at, end);
  const seconds = cursor.uint(4);
  const code = cursor.u8();
  const server = cursor.uint(4);
  cursor.skip(HEADER_BYTES - 9);
  return parseBody({ code, seconds, server }, cursor);
}

function parseBody(head: EventHeader, c: Cursor): BinlogEvent {
  switch (head.code) {
    case 2:
    case 165:
      return query(c, head.code === 165);
    case 16:
      return { kind: "commit" };
    case 19:
      return { kind: "table", body: c };
    case 23:
    case 30:
    case 166:
    case 169:
      return rows("create", head.code, c);
    case 24:
    case 31:
    case 167:
    case 170:
      return rows("update", head.code, c);
    case 25:
    case 32:
    case 168:
    case 171:
      return rows("delete", head.code, c);
    case 26:
      return { kind: "lost" };
    case 27:
    case 41:
      return { kind: "heartbeat" };
    case 38:
      return { kind: "prepared", onePhase: c.u8() !== 0 };
    case 160:
      return { kind: "statement", text: c.rest() };
    case 162:
      return { kind: "group", head, group: groupStart(head, c) };
    default:
      return { kind: "other" };
  }
}

function groupStart(head: EventHeader, c: Cursor): GroupStart {
  const sequence = c.u64();
  const domain = c.uint(4);
  const flags = c.u8();
  if ((flags & GTID_GROUP_COMMIT) !== 0) c.skip(8);
  let xa: string | undefined;
  if ((flags & (GTID_PREPARED | GTID_DECIDED)) !== 0) {
    const format = c.uint(4);
    const [global, branch] = [c.u8(), c.u8()];
    xa = `${format}/${global}/${c.take(global + branch).toString("hex")}`;
  }
  return {
    ...{ sequence, domain, xa, server: head.server, seconds: head.seconds },
    standalone: (flags & GTID_STANDALONE) !== 0,
    prepared: (flags & GTID_PREPARED) !== 0,
    decided: (flags & GTID_DECIDED) !== 0,
  };
}

function query(c: Cursor, compressed: boolean): BinlogEvent {
  c.skip(8);
  const databaseBytes = c.u8();
  c.skip(2);
  c.skip(c.uint(2));
  const database = c.text(databaseBytes);
  c.skip(1);
  const sql = compressed ? inflated(c.rest()) : c.rest();
  return { kind: "query", database, sql: sql.toString("utf8") };
}

function rows(change: RowsKind, code: number, c: Cursor): BinlogEvent {
  const tableId = c.uint(6);
  const free = (c.uint(2) & ROWS_FREE) !== 0;
  const extended = (code >= 30 && code <= 32) || code >= 169;
  if (extended) c.skip(c.uint(2) - 2);
  const columns = c.length();
  const present = [c.take((columns + 7) >> 3)];
  if (change === "update") present.push(c.take((columns + 7) >> 3));
  const images = code >= 166 ? new Cursor(inflated(c.rest())) : c;
  return { kind: "rows", change, body: { tableId, columns, present, images, free } };
}

/** `log_bin_compress`: a byte with the method and the width of the length, the length, zlib data. */
function inflated(data: Buffer): Buffer {
  const head = data[0] ?? 0;
  const width = head & 0x07;
  if ((head & 0xf0) !== 0x80 || width < 1 || width > 4 || data.length < 1 + width)
    throw captureError("capture/malformed-message", "a compressed event of the binary log is out of form");
  try {
    return inflateSync(data.subarray(1 + width), { maxOutputLength: data.readUIntBE(1, width) });
  } catch {
    throw captureError("capture/malformed-message", "a compressed event of the binary log cannot be unpacked");
  }
}
