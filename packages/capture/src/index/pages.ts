/** Pages of forty records each: read through a bounded cache, written back together at the end of a transaction. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { damaged } from "./database.ts";
import { PAGE_BYTES, RECORD_BYTES, RECORDS_PER_PAGE, type RecordView } from "./record.ts";

const PAGES_MAX = 2048;
const READ_AHEAD = 32;

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  dirty: boolean;
}

/** Pages are used again: a scan that leaves one after the other to the garbage collector fills the memory with them. */
const EMPTY = new Uint8Array(PAGE_BYTES);

export class Pages {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  #cache = new Map<number, Page>();
  readonly #free: Page[] = [];
  readonly #dirty: number[] = [];
  /** The page used last: neighbours come in a row. */
  #lastId = -1;
  #last: Page | undefined;
  /** Number of the newest page loaded, read ahead included. */
  #newest = -2;

  constructor(db: DatabaseSync) {
    this.#read = db.prepare("SELECT id, data FROM pages WHERE id BETWEEN ? AND ?");
    this.#read.setReturnArrays(true);
    this.#write = db.prepare("INSERT INTO pages VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data");
  }

  /** Moves `record` to the row's place. The bytes stay good until the next call. */
  seek(record: RecordView, id: number): RecordView {
    const page = this.#page(Math.floor(id / RECORDS_PER_PAGE));
    return record.at(page.bytes, page.view, (id % RECORDS_PER_PAGE) * RECORD_BYTES);
  }

  /** The same for writing; the page goes to the file with the next `flush`. */
  seekForWrite(record: RecordView, id: number): RecordView {
    const number = Math.floor(id / RECORDS_PER_PAGE);
    const page = this.#page(number);
    if (!page.dirty) {
      page.dirty = true;
      this.#dirty.push(number);
    }
    return record.at(page.bytes, page.view, (id % RECORDS_PER_PAGE) * RECORD_BYTES);
  }

  /** Writes every changed page; the caller holds the transaction. */
  flush(): void {
    for (const number of this.#dirty) {
      const page = this.#cache.get(number);
      if (page === undefined) continue;
      this.#write.run(number, page.bytes);
      page.dirty = false;
    }
    this.#dirty.length = 0;
    this.#trim();
  }

  /** Drops everything read or changed since the last `flush`. */
  forget(): void {
    for (const page of this.#cache.values()) this.#release(page);
    this.#cache = new Map();
    this.#dirty.length = 0;
    this.#lastId = -1;
    this.#last = undefined;
  }

  #page(number: number): Page {
    if (number === this.#lastId && this.#last !== undefined) return this.#last;
    const page = this.#cache.get(number) ?? this.#load(number);
    this.#lastId = number;
    this.#last = page;
    return page;
  }

  /** A page after the one loaded last brings its followers along: scans ask for them next. */
  #load(number: number): Page {
    if (this.#dirty.length === 0) this.#trim();
    const ahead = number === this.#newest + 1 ? READ_AHEAD : 1;
    this.#newest = number + ahead - 1;
    const found = this.#read.all(number, this.#newest) as unknown as [number, Uint8Array][];
    for (const [id, bytes] of found) if (!this.#cache.has(id)) this.#cache.set(id, this.#pageOf(bytes));
    const page = this.#cache.get(number) ?? this.#pageOf(EMPTY);
    this.#cache.set(number, page);
    return page;
  }

  #release(page: Page): void {
    if (this.#free.length < PAGES_MAX) this.#free.push(page);
  }

  #pageOf(bytes: Uint8Array): Page {
    if (bytes.length !== PAGE_BYTES) throw damaged("a page has the wrong size");
    const page = this.#free.pop() ?? newPage();
    page.bytes.set(bytes);
    page.dirty = false;
    return page;
  }

  /** Oldest first; never while there are unwritten pages, so a transaction may hold more for a while. */
  #trim(): void {
    if (this.#cache.size < PAGES_MAX) return;
    let surplus = this.#cache.size - PAGES_MAX / 2;
    for (const [number, page] of this.#cache) {
      if (surplus-- <= 0) break;
      this.#cache.delete(number);
      this.#release(page);
    }
    this.#lastId = -1;
    this.#last = undefined;
  }
}

function newPage(): Page {
  const bytes = new Uint8Array(PAGE_BYTES);
  return { bytes, view: new DataView(bytes.buffer), dirty: false };
}
