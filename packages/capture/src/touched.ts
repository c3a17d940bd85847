/**
 * Rows with events that are on their way: sealed, and not yet in the index. Whoever goes by the index and seals something
 * about a row must know them, for what they say is newer. Kept per batch, and only while somebody asks.
 */
export class Touched {
  #batches: { readonly number: number; readonly rows: Set<string> }[] = [];
  #watching = false;
  /** Events up to this batch were sealed unwatched. */
  #blindTo = 0;

  /** From now on rows are remembered; batches up to `current` were not. */
  watch(current: number): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#blindTo = current;
  }

  unwatch(): void {
    this.#watching = false;
    this.#batches = [];
  }

  /** Whether everything on its way is remembered: `indexed` is the newest batch that is in the index. */
  isSighted(indexed: number): boolean {
    return this.#watching && indexed >= this.#blindTo;
  }

  /** An event of the batch `number`; one without a row concerns the whole table. */
  add(number: number, table: Uint8Array, row: Uint8Array | null): void {
    if (!this.#watching) return;
    let last = this.#batches.at(-1);
    if (last?.number !== number) {
      last = { number, rows: new Set() };
      this.#batches.push(last);
    }
    last.rows.add(latin1(row ?? table));
  }

  /** Batches up to this one are in the index. */
  indexed(number: number): void {
    while ((this.#batches[0]?.number ?? number + 1) <= number) this.#batches.shift();
  }

  has(table: Uint8Array, row: Uint8Array): boolean {
    if (this.#batches.length === 0) return false;
    const [one, all] = [latin1(row), latin1(table)];
    return this.#batches.some(({ rows }) => rows.has(one) || rows.has(all));
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
