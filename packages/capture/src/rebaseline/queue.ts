/** Rows between the one who reads them and the one who seals them between transactions: few, whatever their size. */
import type { Pass } from "./pass.ts";

const ROWS_HIGH = 4_000;
const ROWS_LOW = 2_000;
const BYTES_HIGH = 8_388_608;

/** `row` undefined: all rows of the pass were given, it may finish. */
export interface Item {
  readonly pass: Pass;
  readonly row: Uint8Array | undefined;
}

export class RowQueue {
  #items: Item[] = [];
  #next = 0;
  #bytes = 0;
  #relief: (() => void)[] = [];
  #empty: (() => void)[] = [];

  get length(): number {
    return this.#items.length - this.#next;
  }

  /** Takes a copy of the row. A promise when the reader should wait until there is room. */
  push(item: Item): void | Promise<void> {
    const row = item.row === undefined ? undefined : Buffer.from(item.row);
    this.#items.push({ pass: item.pass, row });
    this.#bytes += row?.length ?? 0;
    if (this.length < ROWS_HIGH && this.#bytes < BYTES_HIGH) return undefined;
    return new Promise((resolve) => this.#relief.push(resolve));
  }

  peek(): Item | undefined {
    return this.#items[this.#next];
  }

  shift(): void {
    this.#bytes -= this.#items[this.#next]?.row?.length ?? 0;
    this.#next++;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    }
    if (this.length <= ROWS_LOW && this.#bytes < BYTES_HIGH / 2) this.#relief = release(this.#relief);
    if (this.length === 0) this.#empty = release(this.#empty);
  }

  /** Everything that was pushed has been sealed. */
  drained(): Promise<void> {
    return this.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#empty.push(resolve));
  }

  /** Drops what is left; whoever waits goes on. */
  clear(): void {
    this.#items = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#relief = release(this.#relief);
    this.#empty = release(this.#empty);
  }
}

function release(waiting: readonly (() => void)[]): (() => void)[] {
  for (const resolve of waiting) resolve();
  return [];
}
