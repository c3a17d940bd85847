/**
 * Rows of a table without a key: how many copies of each there are. Their handles are made of all they hold, so another
 * column makes another handle: a row that was known under the former one is retired there and vouched for anew. Creates and
 * deletes that the slice does not see change both sides alike, so they need no care here.
 */
import type { Bytes } from "@anamnesis/core";
import type { Layout } from "../layout.ts";
import type { RowId } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import type { TableSchema } from "../source.ts";
import { IndexWalk } from "./index-walk.ts";
import { type Pass, type PassContext, TablePass } from "./pass.ts";

/** Rows that are lacking and rows that are too few, kept to be balanced at the end; with more of them nothing is. */
const BALANCE_MAX = 10_000;

export class MultisetPass extends TablePass implements Pass {
  readonly #first: boolean;
  #walk: IndexWalk | undefined;
  /** Copies under former columns that were not met; and those whose delete was seen under the present ones. */
  readonly #lacking: RowId[] = [];
  readonly #owing: RowId[] = [];

  constructor(
    context: PassContext,
    table: TableSchema,
    how: { readonly first: boolean; readonly layouts: readonly Layout[]; readonly casts: boolean },
  ) {
    super(context, table, how.layouts, how.casts);
    this.#first = how.first;
  }

  row(bytes: Bytes, sealer: Sealer): void {
    const row = this.plain(bytes);
    const own = this.identity.sealer(this.identity.fields(row));
    if (own === "erased" || this.meetCopy(row, row, own) !== undefined) return;
    const former = this.formers
      .map((f) => this.meetCopy(this.former(f, bytes), row, own, f))
      .find((id) => id !== undefined);
    if (former === undefined && !this.#first) return;
    const handle = own.keylessRow(this.table.handle, row);
    sealer.together(2, () => {
      if (former !== undefined) sealer.end("retired", this.table.handle, this.context.index.handleOf(former).row);
      sealer.vouch("baseline", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
    });
  }

  /**
   * Deletes of rows that existed before they were known under these columns leave fewer than none: they existed all the
   * same. Where that many are lacking under former columns, it is those.
   */
  finish(sealer: Sealer): boolean {
    this.#walk ??= new IndexWalk(this.context.index, this.seen);
    const done = this.#walk.next((id) => {
      const copies = this.copies.of(id);
      for (let i = this.copies.met(id); i < copies; i++) if (this.#lacking.length < BALANCE_MAX) this.#lacking.push(id);
      for (let i = copies; i < 0; i++) if (this.#owing.length < BALANCE_MAX) this.#owing.push(id);
    });
    if (!done) return false;
    if (this.#owing.length === 0 || this.#owing.length >= BALANCE_MAX) return true;
    if (!this.#first && this.#owing.length !== this.#lacking.length) return true;
    const rowOf = (id: RowId) => this.context.index.handleOf(id).row;
    for (const [i, owing] of this.#owing.entries()) {
      const lacking = this.#first ? undefined : this.#lacking[i];
      sealer.together(2, () => {
        sealer.vanished(this.table, rowOf(owing));
        if (lacking !== undefined) sealer.end("retired", this.table.handle, rowOf(lacking));
      });
    }
    return true;
  }
}
