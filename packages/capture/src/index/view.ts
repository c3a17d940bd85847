/** One table as one snapshot sees it. */
import type { ExpectedEvent, IndexedEvent, RowId, TableView, Visibility, VisibleEvent } from "../row-index.ts";
import { COMMITMENT_AT, LSN_AT, ORDINAL_AT, RecordView, SCHEMA_AT } from "./record.ts";
import type { Store } from "./store.ts";

/** How far past the expected place a row is looked for before the handle is looked up. */
const WINDOW = 6;

export class SnapshotView implements TableView {
  readonly #store: Store;
  readonly #table: number | undefined;
  readonly #visibility: Visibility;
  /**
   * Log index of the newest gap or restore. What came before it is of a former life of the source, or was committed long
   * ago: it is seen by every snapshot, and its transaction ids mean nothing any more (a server that was put back or
   * replaced counts them anew).
   */
  readonly #settled: number;
  /** Log index of the newest truncate that the snapshot sees: what came before it is over. */
  readonly #floor: number;
  readonly #record = new RecordView();
  readonly #found = new Found();
  /** Where the next row is expected: along the main scan, and after the last row found elsewhere. */
  #next = 0;
  #aside = 0;

  constructor(store: Store, table: number | undefined, visibility: Visibility) {
    this.#store = store;
    this.#table = table;
    this.#visibility = visibility;
    this.#settled = store.lastDeclared();
    const truncates = table === undefined ? [] : store.truncates(table);
    this.#floor = truncates.find((t) => this.#isVisible(t))?.index ?? -1;
  }

  /** The number that the index gave to the table, or undefined when it has no event of it. */
  get table(): number | undefined {
    return this.#table;
  }

  locate(handle: Uint8Array): RowId | undefined {
    const table = this.#table;
    if (table === undefined) return undefined;
    const near = this.#near(this.#next, table, handle);
    if (near !== undefined) {
      this.#next = near + 1;
      return near;
    }
    const id = this.#near(this.#aside, table, handle) ?? this.#store.find(table, handle);
    if (id === undefined) return undefined;
    if (id === this.#aside) this.#next = id + 1;
    this.#aside = id + 1;
    return id;
  }

  expected(): ExpectedEvent | undefined {
    const id = this.#next;
    if (this.#table === undefined || id >= this.#store.rows) return undefined;
    const r = this.#store.pages.seek(this.#record, id);
    if (r.table !== this.#table || !this.#goToVisible(r)) return undefined;
    this.#found.id = id;
    return this.#found.take(r, r.alive && r.index > this.#floor);
  }

  advance(id: RowId): void {
    this.#next = id + 1;
  }

  newest(id: RowId): VisibleEvent | undefined {
    const r = this.#seekVisible(id);
    return r === undefined ? undefined : this.#found.take(r, r.alive && r.index > this.#floor);
  }

  earlier(id: RowId, most: number, is: (event: VisibleEvent) => boolean): number | undefined {
    const r = this.#seekVisible(id);
    for (let n = 0; r !== undefined && n < most && this.#store.seekOlder(r, r.index); n++) {
      const { index } = r;
      if (this.#isVisible(r) && is(this.#found.take(r, r.alive))) return index;
    }
    return undefined;
  }

  copies(id: RowId): number {
    const r = this.#store.pages.seek(this.#record, id);
    let copies = 0;
    while (r.code !== 0 && r.index > this.#floor) {
      if (this.#isVisible(r)) copies += r.contribution;
      if (!this.#store.seekOlder(r, r.index)) break;
    }
    return copies;
  }

  untold(): number {
    const all = this.#table === undefined ? [] : this.#store.untold(this.#table);
    const seen = all.filter((e) => e.index > this.#floor && this.#isVisible(e));
    return seen.reduce((n, e) => n + e.change, 0);
  }

  last(id: RowId): IndexedEvent | undefined {
    return this.#seekVisible(id)?.toEvent((actor) => (actor === 0 ? null : this.#store.actors.handleOf(actor)));
  }

  /** Row locks order the writes of one row, so the newest visible event is the first visible one going back. */
  #seekVisible(id: RowId): RecordView | undefined {
    const r = this.#store.pages.seek(this.#record, id);
    return this.#goToVisible(r) ? r : undefined;
  }

  #goToVisible(r: RecordView): boolean {
    if (r.code === 0) return false;
    while (!this.#isVisible(r)) if (!this.#store.seekOlder(r, r.index)) return false;
    return true;
  }

  #isVisible(event: { readonly index: number; readonly xid: number }): boolean {
    const { xid } = event;
    const { xmin, xmax, running } = this.#visibility;
    return xid < xmin || (xid < xmax && !running.has(xid)) || event.index < this.#settled;
  }

  #near(from: RowId, table: number, handle: Uint8Array): RowId | undefined {
    const end = Math.min(from + WINDOW, this.#store.rows);
    for (let id = from; id < end; id++) {
      const r = this.#store.pages.seek(this.#record, id);
      if (r.table === table && r.isHandle(handle)) return id;
    }
    return undefined;
  }
}

const EMPTY = new DataView(new ArrayBuffer(0));

/** Moved from record to record; what is not always asked for is read when it is. */
export class Found implements ExpectedEvent {
  readonly #record = new RecordView();
  /** Only of an expected one. */
  id = 0;
  alive = false;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = EMPTY;
  handleAt = 0;
  commitmentAt = -1;
  schemaAt = -1;
  lsnAt = 0;
  ordinalAt = 0;

  get lsn(): bigint {
    return this.#record.lsn;
  }
  get ordinal(): number {
    return this.#record.ordinal;
  }
  get time(): number {
    return this.#record.time;
  }

  take(r: RecordView, alive: boolean): this {
    const { bytes, view, offset } = r;
    this.#record.like(r);
    this.alive = alive;
    this.bytes = bytes;
    this.view = view;
    this.handleAt = offset;
    this.commitmentAt = r.hasCommitment ? offset + COMMITMENT_AT : -1;
    this.schemaAt = r.hasSchema ? offset + SCHEMA_AT : -1;
    this.lsnAt = offset + LSN_AT;
    this.ordinalAt = offset + ORDINAL_AT;
    return this;
  }
}
