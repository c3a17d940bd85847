/**
 * Parser of `pgoutput` messages, protocol version 1 with logical messages (PostgreSQL manual, "Logical Replication
 * Message Formats"). Byte arrays in the result are views into the input.
 */
import { captureError } from "../errors.ts";
import { Tuple } from "./tuple.ts";

export interface RelationColumn {
  readonly name: string;
  readonly key: boolean;
  readonly typeId: number;
  readonly modifier: number;
}

export interface Relation {
  readonly tag: "relation";
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
}

export type PgMessage =
  | { readonly tag: "begin"; readonly lsn: bigint; readonly time: number; readonly xid: number }
  | { readonly tag: "commit"; readonly lsn: bigint; readonly end: bigint; readonly time: number }
  | Relation
  | { readonly tag: "insert"; readonly relation: number; readonly after: Tuple }
  | {
      readonly tag: "update";
      readonly relation: number;
      /** `full`: the whole row; `key`: only the identity's columns, sent when they changed. */
      readonly image: "full" | "key" | "none";
      readonly before: Tuple | null;
      readonly after: Tuple;
    }
  | {
      readonly tag: "delete";
      readonly relation: number;
      readonly image: "full" | "key";
      readonly before: Tuple;
    }
  | { readonly tag: "truncate"; readonly relations: readonly number[] }
  | { readonly tag: "message"; readonly transactional: boolean; readonly prefix: string; readonly content: Uint8Array }
  | { readonly tag: "type"; readonly id: number; readonly schema: string; readonly name: string }
  | { readonly tag: "origin" };

/** Microseconds from 1970 to 2000, the epoch of PostgreSQL. */
const EPOCH_US = 946_684_800_000_000n;

/**
 * One message: `data` from `at` to `end`.
 * @throws AnamnesisError `capture/malformed-message` when it is cut off, too long or out of form;
 *   `capture/unknown-message` when its kind is not known.
 */
export function parseMessage(data: Buffer, at = 0, end = data.length): PgMessage {
  const r = new Cursor(data, at, end);
  const message = parseBody(r, r.byte());
  r.end();
  return message;
}

function parseBody(r: Cursor, tag: number): PgMessage {
  switch (tag) {
    case 0x42: // B
      return { tag: "begin", lsn: r.u64(), time: r.time(), xid: r.u32() };
    case 0x43: // C
      r.byte();
      return { tag: "commit", lsn: r.u64(), end: r.u64(), time: r.time() };
    case 0x49: // I
      return { tag: "insert", relation: r.u32(), after: tupleAfter(r, r.byte()) };
    case 0x55: // U
      return update(r);
    case 0x44: // D
      return remove(r);
    case 0x52: // R
      return relation(r);
    case 0x54: // T
      return truncate(r);
    case 0x4d: // M
      return logical(r);
    case 0x59: // Y
      return { tag: "type", id: r.u32(), schema: r.text() || "pg_catalog", name: r.text() };
    case 0x4f: // O
      r.u64();
      r.text();
      return { tag: "origin" };
    default:
      throw captureError("capture/unknown-message", `unknown replication message 0x${tag.toString(16)}`, { tag });
  }
}

const OLD = 0x4f; // O
const KEY = 0x4b; // K
const NEW = 0x4e; // N

function update(r: Cursor): PgMessage {
  const relation = r.u32();
  const kind = r.byte();
  if (kind !== OLD && kind !== KEY) {
    return { tag: "update", relation, image: "none", before: null, after: tupleAfter(r, kind) };
  }
  const before = tuple(r);
  return { tag: "update", relation, image: kind === OLD ? "full" : "key", before, after: tupleAfter(r, r.byte()) };
}

function remove(r: Cursor): PgMessage {
  const relation = r.u32();
  const kind = r.byte();
  if (kind !== OLD && kind !== KEY) throw malformed("a delete without its old row");
  return { tag: "delete", relation, image: kind === OLD ? "full" : "key", before: tuple(r) };
}

function relation(r: Cursor): PgMessage {
  const id = r.u32();
  const schema = r.text() || "pg_catalog";
  const name = r.text();
  r.byte();
  const columns: RelationColumn[] = [];
  const count = r.u16();
  for (let i = 0; i < count; i++) {
    columns.push({ key: (r.byte() & 1) === 1, name: r.text(), typeId: r.u32(), modifier: r.i32() });
  }
  return { tag: "relation", id, schema, name, columns };
}

function truncate(r: Cursor): PgMessage {
  const count = r.u32();
  r.byte();
  if (count * 4 !== r.left()) throw malformed("a truncate with another number of tables than it says");
  return { tag: "truncate", relations: Array.from({ length: count }, () => r.u32()) };
}

function logical(r: Cursor): PgMessage {
  const transactional = (r.byte() & 1) === 1;
  r.u64();
  const prefix = r.text();
  return { tag: "message", transactional, prefix, content: r.bytes(r.u32()) };
}

function tupleAfter(r: Cursor, kind: number): Tuple {
  if (kind !== NEW) throw malformed("a row image of an unknown kind");
  return tuple(r);
}

function tuple(r: Cursor): Tuple {
  const columns = new Tuple(r.data, r.u16());
  for (let i = 0; i < columns.length; i++) {
    const kind = r.byte();
    if (kind === 0x74) {
      const length = r.u32();
      columns.set(i, r.skip(length), length);
    } else if (kind === 0x6e) columns.setNull(i);
    else if (kind !== 0x75) throw malformed("a column of an unknown kind");
  }
  return columns;
}

class Cursor {
  readonly data: Buffer;
  readonly #end: number;
  #at: number;

  constructor(data: Buffer, at: number, end: number) {
    this.data = data;
    this.#at = at;
    this.#end = end;
  }

  left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    return this.data[this.skip(1)] as number;
  }

  u16(): number {
    return this.data.readUInt16BE(this.skip(2));
  }

  u32(): number {
    return this.data.readUInt32BE(this.skip(4));
  }

  i32(): number {
    return this.data.readInt32BE(this.skip(4));
  }

  u64(): bigint {
    return this.data.readBigUInt64BE(this.skip(8));
  }

  /** A timestamp as microseconds since 1970. */
  time(): number {
    return Number(this.data.readBigInt64BE(this.skip(8)) + EPOCH_US);
  }

  text(): string {
    const end = this.data.indexOf(0, this.#at);
    if (end < 0 || end >= this.#end) throw malformed("a name without its end");
    const text = this.data.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  bytes(length: number): Uint8Array {
    const start = this.skip(length);
    return new Uint8Array(this.data.buffer, this.data.byteOffset + start, length);
  }

  end(): void {
    if (this.left() !== 0) throw malformed("bytes behind its end");
  }

  /** Where the bytes begin that are passed over. */
  skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw malformed("cut off");
    this.#at = at + length;
    return at;
  }
}

function malformed(why: string) {
  return captureError("capture/malformed-message", `bad replication message: ${why}`);
}
