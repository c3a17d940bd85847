/**
 * A row's record: its handle and its newest event in 100 bytes of fixed layout. Forty of them make one page, one blob in
 * SQLite that fits into one database page. So a scan of a table costs one statement for forty rows, and a baseline of
 * forty rows one insert.
 *
 * ```
 *  0 handle 16 | 16 commitment 32 | 48 schema 8 | 56 lsn 8 | 64 xid 8 | 72 time 8 | 80 log index 6
 * 86 ordinal 4 | 90 copies 4 | 94 actor 3 | 97 table 2 | 99 kind and flags 1
 * ```
 */
import { invariant } from "@anamnesis/core";
import { EVENT_KINDS, type Event, type EventKind } from "@anamnesis/ledger";
import type { IndexedEvent } from "../row-index.ts";

export const RECORD_BYTES = 100;
export const RECORDS_PER_PAGE = 40;
export const PAGE_BYTES = RECORD_BYTES * RECORDS_PER_PAGE;
export const HANDLE_BYTES = 16;
export const COMMITMENT_AT = 16;
export const SCHEMA_AT = 48;
export const LSN_AT = 56;
const XID_AT = 64;
const TIME_AT = 72;
const INDEX_AT = 80;
export const ORDINAL_AT = 86;
const COPIES_AT = 90;
const ACTOR_AT = 94;
const TABLE_AT = 97;
const KIND_AT = 99;

const KIND_MASK = 0x0f;
const HAS_COMMITMENT = 0x10;
const HAS_SCHEMA = 0x20;
const IS_RENEWED = 0x40;
export const ACTORS_MAX = 2 ** 24 - 1;
export const TABLES_MAX = 2 ** 16 - 1;
const WIDE = 2 ** 32;

/** Kinds as stored: 0 means that no event is known yet (the row was only learned). */
const CODE_OF = new Map<EventKind, number>(EVENT_KINDS.map((kind, i) => [kind, i + 1]));

export function kindCode(kind: EventKind): number {
  const code = CODE_OF.get(kind);
  invariant(code !== undefined, "a known kind of event");
  return code;
}

export function kindOfCode(code: number): EventKind {
  const kind = EVENT_KINDS[code - 1];
  invariant(kind !== undefined, "a stored kind of event");
  return kind;
}

const BASELINE = kindCode("baseline");
const CREATE = kindCode("create");
const UPDATE = kindCode("update");
const DELETE = kindCode("delete");
const RETIRED = kindCode("retired");
const ACCEPTED = kindCode("accepted");

const TELLING: ReadonlySet<EventKind> = new Set(["baseline", "create", "update", "delete", "retired", "accepted"]);

/** Kinds that tell what a row holds after them. The others (reads) only belong to its history. */
export const tellsContent = (kind: EventKind): boolean => TELLING.has(kind);

/** A row ends with these; an accepted one without a commitment was accepted as gone. */
export const endsRow = ({ kind, commitment }: Pick<Event, "kind" | "commitment">): boolean =>
  kind === "delete" || kind === "retired" || (kind === "accepted" && commitment === null);

/**
 * The purpose of a `baseline` of a row that was there and vouched for already, under other columns: it adds no copy, should the
 * table lose its key one day.
 */
export const RENEWED = "renewed";

/** A place in a buffer that holds a record. Moved around instead of allocated, because scans visit millions. */
export class RecordView {
  #bytes: Uint8Array = new Uint8Array(RECORD_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;

  at(bytes: Uint8Array, view: DataView, offset: number): this {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = offset;
    return this;
  }

  /** Stands where the other one stands now. */
  like(other: RecordView): void {
    this.at(other.#bytes, other.#view, other.#at);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
  /** Of `bytes`. */
  get view(): DataView {
    return this.#view;
  }
  get offset(): number {
    return this.#at;
  }
  /** 0 while the row has no event. */
  get code(): number {
    return this.#byte(KIND_AT) & KIND_MASK;
  }
  get hasCommitment(): boolean {
    return (this.#byte(KIND_AT) & HAS_COMMITMENT) !== 0;
  }
  get hasSchema(): boolean {
    return (this.#byte(KIND_AT) & HAS_SCHEMA) !== 0;
  }
  get alive(): boolean {
    const code = this.code;
    return code === CREATE || code === UPDATE || code === BASELINE || (code === ACCEPTED && this.hasCommitment);
  }
  get lsn(): bigint {
    return this.#view.getBigUint64(this.#at + LSN_AT);
  }
  get xid(): number {
    return this.#wide(XID_AT);
  }
  get time(): number {
    return this.#wide(TIME_AT);
  }
  get index(): number {
    return this.#view.getUint16(this.#at + INDEX_AT) * WIDE + this.#view.getUint32(this.#at + INDEX_AT + 2);
  }
  get ordinal(): number {
    return this.#view.getUint32(this.#at + ORDINAL_AT);
  }
  get copies(): number {
    return this.#view.getInt32(this.#at + COPIES_AT);
  }
  get actor(): number {
    return (this.#byte(ACTOR_AT) << 16) | this.#view.getUint16(this.#at + ACTOR_AT + 1);
  }
  get table(): number {
    return this.#view.getUint16(this.#at + TABLE_AT);
  }

  /** What this event alone adds to the number of copies of a row without a key. */
  get contribution(): number {
    const code = this.code;
    if (code === ACCEPTED) return this.hasCommitment ? 1 : -1;
    if ((this.#byte(KIND_AT) & IS_RENEWED) !== 0) return 0;
    return code === CREATE || code === BASELINE ? 1 : code === DELETE || code === RETIRED ? -1 : 0;
  }

  isHandle(handle: Uint8Array): boolean {
    const { bytes, offset } = this;
    for (let i = 0; i < HANDLE_BYTES; i++) if (bytes[offset + i] !== handle[i]) return false;
    return true;
  }

  clear(table: number, handle: Uint8Array): void {
    this.#bytes.fill(0, this.#at, this.#at + RECORD_BYTES);
    this.#bytes.set(handle, this.#at);
    this.#view.setUint16(this.#at + TABLE_AT, table);
  }

  /**
   * Replaces the event; `copiesBefore` is the count before it, `actor` its number (0 = unknown). An event that names no
   * columns and commits to none (a delete) leaves the fingerprint of the one before.
   */
  write(event: Event, index: number, copiesBefore: number, actor: number): void {
    const at = this.#at;
    const keepsSchema = event.schema === null && endsRow(event) && this.hasSchema;
    const hasSchema = event.schema !== null || keepsSchema;
    const flags = (event.commitment === null ? 0 : HAS_COMMITMENT) | (hasSchema ? HAS_SCHEMA : 0);
    const renewed = event.kind === "baseline" && event.purpose === RENEWED ? IS_RENEWED : 0;
    this.#bytes[at + KIND_AT] = kindCode(event.kind) | flags | renewed;
    this.#bytes.set(event.commitment ?? NO_COMMITMENT, at + COMMITMENT_AT);
    if (!keepsSchema) this.#bytes.set(event.schema ?? NO_SCHEMA, at + SCHEMA_AT);
    this.#view.setBigUint64(at + LSN_AT, event.lsn);
    this.#view.setBigUint64(at + XID_AT, event.xid);
    this.#view.setUint32(at + TIME_AT, Math.floor(event.time / WIDE));
    this.#view.setUint32(at + TIME_AT + 4, event.time % WIDE);
    this.#view.setUint16(at + INDEX_AT, Math.floor(index / WIDE));
    this.#view.setUint32(at + INDEX_AT + 2, index % WIDE);
    this.#view.setUint32(at + ORDINAL_AT, event.ordinal);
    this.#bytes[at + ACTOR_AT] = actor >>> 16;
    this.#view.setUint16(at + ACTOR_AT + 1, actor & 0xffff);
    this.#view.setInt32(at + COPIES_AT, copiesBefore + this.contribution);
  }

  copyTo(copy: Uint8Array): void {
    copy.set(this.#bytes.subarray(this.#at, this.#at + RECORD_BYTES));
  }

  /** The event as a value of its own; `actorOf` turns the stored number into a handle. */
  toEvent(actorOf: (id: number) => Uint8Array | null): IndexedEvent {
    const { bytes, offset } = this;
    const part = (from: number, length: number) => bytes.slice(offset + from, offset + from + length);
    return {
      index: this.index,
      kind: kindOfCode(this.code),
      schema: this.hasSchema ? part(SCHEMA_AT, 8) : null,
      commitment: this.hasCommitment ? part(COMMITMENT_AT, 32) : null,
      lsn: this.lsn,
      ordinal: this.ordinal,
      xid: this.xid,
      time: this.time,
      actor: actorOf(this.actor),
    };
  }

  #byte(field: number): number {
    return this.#view.getUint8(this.#at + field);
  }

  #wide(field: number): number {
    return this.#view.getUint32(this.#at + field) * WIDE + this.#view.getUint32(this.#at + field + 4);
  }
}

const NO_COMMITMENT = new Uint8Array(32);
const NO_SCHEMA = new Uint8Array(8);
