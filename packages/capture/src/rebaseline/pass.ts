/** Going once through the rows of a table, beside the stream: what the kinds of going through have in common. */
import type { Bytes } from "@anamnesis/core";
import type { Handles, Primitives, RowSealer } from "@anamnesis/crypto";
import type { SuccessionCounts } from "../contradictions/successions.ts";
import { type Former, formersOf, isWithheld } from "../former.ts";
import { heldFormerly, isHeld } from "../held.ts";
import { type Cast, castsOf, formerRow, type Layout } from "../layout.ts";
import { splitRow } from "../postgres/canonical.ts";
import type { RowId, RowIndexReader, TableView, Visibility, VisibleEvent } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import type { TableSchema } from "../source.ts";
import type { SubjectSealers } from "../subject-sealers.ts";
import type { Touched } from "../touched.ts";
import { RowIdentity } from "../verify/row-identity.ts";
import { Copies } from "./copies.ts";

export interface PassContext {
  readonly primitives: Primitives;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  readonly index: RowIndexReader;
  /** Rows with events on their way. */
  readonly touched: Touched;
  /** Former rows that changes have shown to have ended. */
  readonly successions: SuccessionCounts;
}

/**
 * Called between transactions, with a sealer that speaks for this pass. Every event that the slice sees is in the index by
 * then; later ones may be there, or on their way (`touched`).
 */
export interface Pass {
  readonly table: TableSchema;
  /** What to read besides the columns. */
  readonly casts: readonly Cast[];
  /** Another slice begins: what it sees. `all`: later slices have other moments, so no row is met twice by this one. */
  begin(visibility: Visibility): void;
  /** Before each lot of rows: the index as it is now. */
  refresh(): void;
  row(bytes: Bytes, sealer: Sealer): void;
  /** After all rows; a portion of the work at a time. False when there is more. */
  finish(sealer: Sealer): boolean;
  /** Whether `finish` would get any further now. Without it: always. */
  ready?(): boolean;
}

export const EVERYTHING: Visibility = {
  ...{ xmin: Number.MAX_SAFE_INTEGER, xmax: Number.MAX_SAFE_INTEGER },
  running: new Set<number>(),
};

/** What the passes over one table share. */
export abstract class TablePass {
  readonly table: TableSchema;
  readonly casts: readonly Cast[];
  protected readonly context: PassContext;
  protected readonly identity: RowIdentity;
  protected readonly formers: readonly Former[];
  /** What the slice sees, and what the index holds now. */
  protected seen: TableView;
  protected now: TableView;
  /** Where the table has no key, or had none: copies that the slice sees. */
  protected copies: Copies;

  constructor(context: PassContext, table: TableSchema, layouts: readonly Layout[], withCasts: boolean) {
    this.context = context;
    this.table = table;
    this.identity = new RowIdentity(table, context.handles, context.sealers);
    this.formers = formersOf(context.primitives, table, layouts);
    this.casts = withCasts ? castsOf(this.formers.map((f) => f.plan)) : [];
    this.seen = context.index.view(table.handle, EVERYTHING);
    this.now = this.seen;
    this.copies = new Copies(this.seen);
  }

  begin(visibility: Visibility): void {
    this.seen = this.context.index.view(this.table.handle, visibility);
    this.copies = new Copies(this.seen);
    this.refresh();
  }

  refresh(): void {
    this.now = this.context.index.view(this.table.handle, EVERYTHING);
  }

  /** The row without what was read besides its columns. */
  protected plain(bytes: Bytes): Bytes {
    let end = bytes.length;
    for (let i = 0; i < this.casts.length; i++) end = bytes.lastIndexOf(TAB, end - 1);
    return end === bytes.length ? bytes : bytes.subarray(0, end);
  }

  /** The row as it was under a former layout. */
  protected former(former: Former, bytes: Bytes): Uint8Array {
    return formerRow(former.plan, splitRow(bytes), this.casts);
  }

  /** Meets a copy that the slice should see: `sealed` are the bytes of the row as it was known, `row` as it is. */
  protected meetCopy(sealed: Bytes, row: Bytes, own: RowSealer, former?: Former): RowId | undefined {
    const id = this.findCopy(sealed, row, own, former);
    if (id !== undefined) this.copies.meet(id);
    return id;
  }

  /** The same without meeting it. */
  protected findCopy(sealed: Bytes, row: Bytes, own: RowSealer, former?: Former): RowId | undefined {
    let found: RowId | undefined;
    const fits = (s: RowSealer): boolean => {
      const id = this.now.locate(s.keylessRow(this.table.handle, sealed));
      if (id === undefined || this.copies.met(id) >= this.copies.of(id)) return false;
      if (former !== undefined && this.isLeftOut(former, id)) return false;
      found = id;
      return true;
    };
    if (!fits(own)) this.identity.formerly(row, fits);
    return found;
  }

  /** Whether the newest copy came when columns were left out for a moment: then it is no former of any row. */
  protected isLeftOut(former: Former, id: RowId): boolean {
    const newest = former.withheldFrom === undefined ? undefined : this.now.newest(id);
    return newest !== undefined && isWithheld(former, newest);
  }

  /** The newest event of a row, when the slice sees it: otherwise there is a newer one, which speaks for itself. */
  protected newest(id: RowId): VisibleEvent | "newer" | undefined {
    const now = this.now.newest(id);
    if (now === undefined) return undefined;
    const { lsn, ordinal } = now;
    const seen = this.seen.newest(id);
    return seen?.lsn === lsn && seen.ordinal === ordinal ? seen : "newer";
  }

  /** Whether the event commits to this row, under the table's own columns. */
  protected holds(event: VisibleEvent, handle: Uint8Array, row: Bytes, sealer: RowSealer): boolean {
    return isHeld(event, { table: this.table, handle, row, sealer, identity: this.identity }) === true;
  }

  /** Whether the event commits to the row as it was under one of the former layouts. */
  protected held(event: VisibleEvent, handle: Uint8Array, bytes: Bytes, row: Bytes, sealer: RowSealer): boolean {
    const atHand = { table: this.table, handle, row, sealer, identity: this.identity };
    return heldFormerly(event, atHand, this.formers, { bytes, casts: this.casts }) === "held";
  }
}

const TAB = 0x09;
