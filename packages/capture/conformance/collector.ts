/** Takes down what a stream tells, transaction by transaction. */
import { RowWriter } from "../src/postgres/canonical.ts";
import { valuesOf } from "../src/row-image.ts";
import type { Change, RowImage, Source, Stream, StreamHandler, TransactionStart } from "../src/source.ts";

export interface Told {
  readonly kind: Change["kind"];
  readonly table: string;
  readonly before?: string;
  readonly after?: string;
}

export interface Transaction {
  readonly lsn: bigint;
  readonly xid: bigint;
  readonly time: number;
  readonly end: bigint;
  readonly changes: readonly Told[];
}

const WAIT_MS_MAX = 30_000;

export class Collector implements StreamHandler {
  readonly transactions: Transaction[] = [];
  /** Everything before it was delivered. */
  reached = 0n;
  /** Calls in an order that no stream may have. */
  readonly disorder: string[] = [];
  onChange: ((change: Change) => void) | undefined;
  readonly #writer = new RowWriter();
  #start: TransactionStart | undefined;
  #changes: Told[] = [];

  begin(start: TransactionStart): void {
    if (this.#start !== undefined) this.disorder.push("begin inside a transaction");
    if (start.lsn < this.reached) this.disorder.push("a transaction before a position that was passed");
    this.#start = start;
    this.#changes = [];
  }

  change(change: Change): void {
    if (this.#start === undefined) this.disorder.push("a change outside a transaction");
    if (change.kind === "actor") return;
    this.#changes.push({
      kind: change.kind,
      table: change.table.name,
      ...("before" in change && change.before !== null ? { before: this.#text(change.before) } : {}),
      ...("after" in change ? { after: this.#text(change.after) } : {}),
    });
    this.onChange?.(change);
  }

  commit(end: bigint): void {
    const start = this.#start;
    if (start === undefined) this.disorder.push("a commit without a transaction");
    else this.transactions.push({ ...start, end, changes: this.#changes });
    if (start !== undefined && end <= start.lsn) this.disorder.push("an end that is not behind its commit");
    this.#start = undefined;
    this.#reach(end);
  }

  idle(position: bigint): void {
    if (this.#start !== undefined) this.disorder.push("idle inside a transaction");
    this.#reach(position);
  }

  barrier(): void {
    // verifiers' markers are not part of this
  }

  get changes(): readonly Told[] {
    return this.transactions.flatMap((t) => t.changes);
  }

  /** Streams until everything that is committed now was delivered; acknowledges nothing. */
  async readAll(source: Source, andThen: (stream: Stream) => void = () => undefined): Promise<void> {
    const { end } = await source.life();
    await this.read(source, end, andThen);
  }

  /** Streams until `position` was passed. */
  async read(source: Source, position: bigint, andThen: (stream: Stream) => void = () => undefined): Promise<void> {
    const stop = new AbortController();
    const stream = await source.stream(this, { signal: stop.signal });
    const ended = stream.done.then(() => this.disorder.push("the stream ended by itself"));
    for (const limit = Date.now() + WAIT_MS_MAX; this.reached < position; ) {
      if (Date.now() > limit) throw new Error(`the stream did not come to ${position} but to ${this.reached}`);
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, 10)),
        ended.catch((e: unknown) => Promise.reject(e)),
      ]);
    }
    andThen(stream);
    stop.abort();
    await stream.done;
    this.disorder.pop();
  }

  #reach(position: bigint): void {
    if (position > this.reached) this.reached = position;
  }

  #text(image: RowImage): string {
    return Buffer.from(this.#writer.row(valuesOf(image).map((v) => (v === undefined ? UNSENT : v)))).toString("latin1");
  }
}

const UNSENT = Buffer.from("<not sent>");

/** Rows of one table, each as its row bytes. */
export async function rowsOf(source: Source, name: string): Promise<{ rows: string[]; position: bigint }> {
  const table = (await source.tables()).find((t) => t.name === name);
  if (table === undefined) throw new Error(`${name} is not captured`);
  const signal = AbortSignal.timeout(WAIT_MS_MAX);
  const snapshot = await source.snapshot(signal);
  const rows: string[] = [];
  await snapshot.rows(table, (row) => void rows.push(Buffer.from(row).toString("latin1")), signal);
  await snapshot.close();
  return { rows: rows.toSorted(), position: snapshot.position };
}

/** What a table holds after the changes, as a multiset of row bytes. */
export function replay(rows: readonly string[], changes: readonly Told[]): string[] {
  const copies = new Map<string, number>();
  const add = (row: string | undefined, by: number): void => {
    if (row !== undefined) copies.set(row, (copies.get(row) ?? 0) + by);
  };
  for (const row of rows) add(row, 1);
  for (const { kind, before, after } of changes) {
    if (kind === "truncate") copies.clear();
    add(before, -1);
    add(after, 1);
  }
  const wrong = [...copies].filter(([, n]) => n < 0);
  if (wrong.length > 0) throw new Error(`${wrong.length} rows were removed that were not there`);
  return [...copies].flatMap(([row, n]) => Array.from({ length: n }, () => row)).toSorted();
}
