/** Going through the index's rows of one table, a stretch at a time, so that others get their turn in between. */
import type { RowId, RowIndexReader, TableView } from "../row-index.ts";

const IDS = 8_192;

export class IndexWalk {
  readonly #index: RowIndexReader;
  readonly #view: TableView;
  readonly #end: number;
  #at = 0;

  constructor(index: RowIndexReader, view: TableView) {
    this.#index = index;
    this.#view = view;
    this.#end = index.rowCount();
  }

  /** True when that was the last stretch. */
  next(visit: (id: RowId) => void): boolean {
    const to = Math.min(this.#at + IDS, this.#end);
    this.#index.scan({ from: this.#at, to }, [this.#view], visit);
    this.#at = to;
    return to >= this.#end;
  }
}
