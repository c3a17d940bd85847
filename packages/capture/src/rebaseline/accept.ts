/**
 * What an operator accepts, with a reason: rows that are not as they were vouched for, as they are now; and that rows which
 * should be there are gone. What is as it was vouched for gets no event.
 */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import type { Contradiction, RowId, Visibility } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import type { TableSchema } from "../source.ts";
import { SeenSet } from "../verify/seen.ts";
import { IndexWalk } from "./index-walk.ts";
import { type Pass, type PassContext, TablePass } from "./pass.ts";

/** How many events were made, for the operator. */
export interface AcceptPass extends Pass {
  readonly accepted: number;
}

/** `only`: the one row that is meant (its handle). */
export const acceptPass = (context: PassContext, table: TableSchema, only: Uint8Array | undefined): AcceptPass =>
  table.keyColumns.length > 0 ? new AcceptKeyed(context, table, only) : new AcceptMultiset(context, table, only);

abstract class Accepting extends TablePass {
  accepted = 0;
  protected readonly only: Uint8Array | undefined;
  #walk: IndexWalk | undefined;

  constructor(context: PassContext, table: TableSchema, only: Uint8Array | undefined) {
    super(context, table, [], false);
    this.only = only;
  }

  finish(sealer: Sealer): boolean {
    if (this.only !== undefined) {
      const id = this.now.locate(this.only);
      if (id !== undefined) this.absent(id, sealer);
      return true;
    }
    this.#walk ??= new IndexWalk(this.context.index, this.seen);
    return this.#walk.next((id) => this.absent(id, sealer));
  }

  protected abstract absent(id: RowId, sealer: Sealer): void;

  protected accept(handle: Uint8Array, own: RowSealer, row: Bytes, sealer: Sealer): void {
    this.accepted++;
    sealer.vouch("accepted", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
  }

  protected acceptGone(row: Uint8Array, sealer: Sealer): void {
    this.accepted++;
    sealer.end("accepted", this.table.handle, row);
  }
}

class AcceptKeyed extends Accepting implements AcceptPass {
  readonly #met = new SeenSet();
  /** Rows of which something is to be accepted though they are as their newest event says. */
  #contradicted: ReadonlyMap<RowId, Contradiction> = new Map();

  /** By now the index has what changes before the slice have shown: when the pass was made it had not. */
  override begin(visibility: Visibility): void {
    super.begin(visibility);
    this.#contradicted = this.context.index.contradicted();
  }

  row(row: Bytes, sealer: Sealer): void {
    const fields = this.identity.fields(row);
    const handle = this.identity.keyHandle(fields);
    const own = this.identity.sealer(fields);
    const id = this.now.locate(handle);
    if (id !== undefined) this.#met.add(id);
    if (own === "erased" || this.context.touched.has(this.table.handle, handle)) return;
    const newest = id === undefined ? undefined : this.newest(id);
    if (newest === "newer") return;
    const isContradicted = id !== undefined && this.#contradicted.has(id);
    const isThere = newest?.alive === true;
    if (isThere && !isContradicted && this.holds(newest, handle, row, own)) return;
    // It ends as what it was: otherwise it would count as two, should the table lose its key one day.
    sealer.together(2, () => {
      if (isThere) sealer.end("retired", this.table.handle, handle);
      this.accept(handle, own, row, sealer);
    });
  }

  protected absent(id: RowId, sealer: Sealer): void {
    if (this.#met.has(id)) return;
    const { row } = this.context.index.handleOf(id);
    const newest = this.newest(id);
    if (newest === undefined || newest === "newer" || !(newest.alive || this.#contradicted.has(id))) return;
    if (!this.context.touched.has(this.table.handle, row)) this.acceptGone(row, sealer);
  }
}

class AcceptMultiset extends Accepting implements AcceptPass {
  row(row: Bytes, sealer: Sealer): void {
    const own = this.identity.sealer(this.identity.fields(row));
    if (own === "erased") return;
    const handle = own.keylessRow(this.table.handle, row);
    if (this.only !== undefined && !Buffer.from(this.only).equals(handle)) return;
    if (this.meetCopy(row, row, own) === undefined) this.accept(handle, own, row, sealer);
  }

  protected absent(id: RowId, sealer: Sealer): void {
    const lacking = this.copies.of(id) - this.copies.met(id);
    const { row } = this.context.index.handleOf(id);
    for (let i = 0; i < lacking; i++) this.acceptGone(row, sealer);
  }
}
