/** Before-images of events on their way, until the index takes the events in. In the order of the events. */
import type { Position } from "@anamnesis/contracts";
import type { Bytes } from "@anamnesis/core";
import type { TableSchema } from "../source.ts";

/** A row as it was before an event, complete. `row`: plain row bytes. */
export interface BeforeImage {
  readonly table: TableSchema;
  readonly row: Bytes;
  /** Of the event. */
  readonly at: Position;
}

/** Sees complete rows as they were before the event that is sealed next. */
export interface ImageWitness {
  /** Whether rows of this table are looked at though it has no key. */
  wantsKeyless(table: Uint8Array): boolean;
  /** The bytes are good until it returns. `final`: the event is on the ledger already. `rowOf`: the row's handle. */
  before(image: BeforeImage, final: boolean, rowOf: () => Uint8Array | null): void;
}

/** A row that was not as the ledger had vouched for when the change at log index `event` met it. */
export interface ContradictedRow {
  readonly table: Uint8Array;
  readonly row: Uint8Array;
  readonly event: number;
  /** Of that change. */
  readonly xid: bigint;
  readonly time: number;
  /** Key text, where no event has told it yet: the row was never spoken of. */
  readonly name?: string;
}

/** A row whose table has got another key: under its former handle `row` it ended when the change at `event` showed it. */
export interface SucceededRow {
  readonly table: Uint8Array;
  readonly row: Uint8Array;
  readonly event: number;
  /** Of that change. */
  readonly xid: bigint;
  readonly time: number;
  /** A copy of a row without a key that the change took away, though nothing had been said of it yet. */
  readonly missing?: { readonly table: TableSchema; readonly row: Uint8Array };
  /** It was not as it was vouched for. */
  readonly differs: boolean;
}

/** A batch is closed when so much is kept for it; so a few batches are the most that memory holds. */
const CROWDED_BYTES = 4_194_304;
const COMPACT_AT = 4_096;
/** Rows that lie in one piece of memory. */
const PIECE_BYTES = 65_536;

/** Images that wait for their events to become final, without objects for each (see `leaves.ts`). */
export class BeforeImages {
  #tables: TableSchema[] = [];
  #lsns: bigint[] = [];
  #ordinals: number[] = [];
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #from: number[] = [];
  #lengths: number[] = [];
  #next = 0;
  #piece = new Uint8Array(0);
  #used = 0;
  #sinceBatch = 0;

  /** Copies the row: the bytes of a change are only good while it is handled. */
  keep({ table, row, at }: BeforeImage): void {
    if (this.#used + row.length > this.#piece.length) {
      this.#piece = new Uint8Array(Math.max(PIECE_BYTES, row.length));
      this.#used = 0;
    }
    this.#piece.set(row, this.#used);
    this.#tables.push(table);
    this.#lsns.push(at.lsn);
    this.#ordinals.push(at.ordinal);
    this.#pieces.push(this.#piece);
    this.#from.push(this.#used);
    this.#lengths.push(row.length);
    this.#used += row.length;
    this.#sinceBatch += row.length;
  }

  /** Whether the batch under way should be closed because of what is kept for it. Asked after each event. */
  takeCrowded(): boolean {
    if (this.#sinceBatch < CROWDED_BYTES) return false;
    this.#sinceBatch = 0;
    return true;
  }

  /** Whether there is one for the event at this place. Forgets those of events before it. */
  has(lsn: bigint, ordinal: number): boolean {
    for (; this.#next < this.#lsns.length; this.#next++) {
      const [otherLsn, otherOrdinal] = [this.#lsns[this.#next] as bigint, this.#ordinals[this.#next] as number];
      if (otherLsn > lsn || (otherLsn === lsn && otherOrdinal >= ordinal)) {
        return otherLsn === lsn && otherOrdinal === ordinal;
      }
    }
    return false;
  }

  /** The one that `has` found. */
  take(): BeforeImage | undefined {
    const i = this.#next;
    const [table, lsn, piece] = [this.#tables[i], this.#lsns[i], this.#pieces[i]];
    if (table === undefined || lsn === undefined || piece === undefined) return undefined;
    const row = new Uint8Array(piece.buffer, this.#from[i], this.#lengths[i]);
    const image = { table, row, at: { lsn, ordinal: this.#ordinals[i] as number } };
    if (++this.#next >= COMPACT_AT) this.#compact();
    return image;
  }

  #compact(): void {
    this.#tables = this.#tables.slice(this.#next);
    this.#lsns = this.#lsns.slice(this.#next);
    this.#ordinals = this.#ordinals.slice(this.#next);
    this.#pieces = this.#pieces.slice(this.#next);
    this.#from = this.#from.slice(this.#next);
    this.#lengths = this.#lengths.slice(this.#next);
    this.#next = 0;
  }
}
