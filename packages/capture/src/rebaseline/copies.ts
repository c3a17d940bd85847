/**
 * Copies of rows without a key that one slice should see, and how many of them were met. Counting the copies of a row means
 * going through all its events, so each row is counted once.
 */
import type { RowId, TableView } from "../row-index.ts";

const PIECE = 16_384;
/** Counted with this much added, so that 0 says: not counted yet. */
const COUNTED = 2 ** 30;

export class Copies {
  readonly #view: TableView;
  readonly #extra: (id: RowId) => number;
  readonly #counts: (Int32Array | undefined)[] = [];
  readonly #met: (Int32Array | undefined)[] = [];

  /** `extra`: what is added to a count when it is made. */
  constructor(view: TableView, extra: (id: RowId) => number = () => 0) {
    this.#view = view;
    this.#extra = extra;
  }

  /** May be below 0, where more deletes were seen than creates. */
  of(id: RowId): number {
    const piece = (this.#counts[Math.floor(id / PIECE)] ??= new Int32Array(PIECE));
    const known = piece[id % PIECE] ?? 0;
    if (known !== 0) return known - COUNTED;
    const copies = this.#view.copies(id) + this.#extra(id);
    piece[id % PIECE] = copies + COUNTED;
    return copies;
  }

  met(id: RowId): number {
    return this.#met[Math.floor(id / PIECE)]?.[id % PIECE] ?? 0;
  }

  /** Meets one more copy; false when there is none left. */
  meet(id: RowId): boolean {
    const met = this.met(id);
    if (met >= this.of(id)) return false;
    const piece = (this.#met[Math.floor(id / PIECE)] ??= new Int32Array(PIECE));
    piece[id % PIECE] = met + 1;
    return true;
  }
}
