/** What writer and reader of the index share: the file, its pages of records, and the way from a handle to a row. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "../local-store.ts";
import type { RowId } from "../row-index.ts";
import { openDatabase } from "./database.ts";
import { Erased } from "./erased.ts";
import { Numbered } from "./names.ts";
import { OlderRecords } from "./older.ts";
import { Pages } from "./pages.ts";
import { ACTORS_MAX, HANDLE_BYTES, kindCode, RECORD_BYTES, RecordView, TABLES_MAX } from "./record.ts";
import { RowNames } from "./row-names.ts";
import { type IsRow, Slots } from "./slots.ts";
import { UnattributedList } from "./unattributed.ts";

const TRUNCATE = kindCode("truncate");
const CREATE = kindCode("create");
const DELETE = kindCode("delete");
const GAP = kindCode("gap");
const RESTORED = kindCode("restored");

export class Store {
  readonly db: DatabaseSync;
  readonly pages: Pages;
  readonly slots: Slots;
  readonly tables: Numbered;
  readonly actors: Numbered;
  readonly names: RowNames;
  readonly unattributed: UnattributedList;
  readonly older: OlderRecords;
  readonly erased: Erased;
  /** Number of rows known = the next free id. */
  rows = 0;
  /** Log index up to which leaves are applied. */
  applied = 0;
  /** Rows first seen by `apply`: while there are none, every row has its name. */
  unnamed = 0;
  /** Accesses, and the time of the newest one, µs since 1970. */
  reads = 0;
  newestRead = 0;
  #merged = 0;
  #writing = false;
  /** Rows below this one are found through the slots; those from it on are taken in with the next search. */
  #loaded = 0;
  /** Where the next row is expected that begins: behind the newest one found. */
  #next = 0;
  readonly #record = new RecordView();
  readonly #meta: StatementSync;
  readonly #setMeta: StatementSync;

  constructor(path: string, readOnly: boolean) {
    this.db = openDatabase(path, readOnly);
    this.pages = new Pages(this.db);
    this.slots = new Slots(this.db);
    this.tables = new Numbered(this.db, "tables", TABLES_MAX);
    this.actors = new Numbered(this.db, "actors", ACTORS_MAX);
    this.names = new RowNames(this.db);
    this.unattributed = new UnattributedList(this.db);
    this.#meta = this.db.prepare("SELECT value FROM meta WHERE name = ?");
    this.#setMeta = this.db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
    this.older = new OlderRecords(this.db);
    this.erased = new Erased(this.db);
    this.reload();
  }

  /** Reads everything again, after a failure. */
  reload(): void {
    this.slots.forget();
    this.#loaded = 0;
    this.refresh();
  }

  /** Reads the counters again and drops what is buffered: one consistent picture of what is in the file now. */
  refresh(): void {
    this.pages.forget();
    this.tables.forget();
    this.actors.forget();
    this.names.forget();
    this.unattributed.forget();
    this.older.forget();
    this.db.exec("BEGIN");
    try {
      this.applied = this.#number("applied");
      this.rows = this.#number("rows");
      this.unnamed = this.#number("unnamed");
      this.reads = this.#number("reads");
      this.newestRead = this.#number("newest-read");
      this.#merged = this.#number("merged");
    } finally {
      this.db.exec("COMMIT");
    }
    if (this.#merged - this.#loaded > 0 || this.#loaded > this.rows) {
      this.slots.forget();
      this.#loaded = this.#merged;
    }
  }

  /** One transaction over the file, within another one a part of it; after an error everything in memory is read again. */
  write<T>(work: () => T): T {
    if (this.#writing) return work();
    this.#writing = true;
    try {
      return inTransaction(this.db, () => {
        const result = work();
        this.#flush();
        return result;
      });
    } catch (error) {
      this.reload();
      throw error;
    } finally {
      this.#writing = false;
    }
  }

  find(table: number, handle: Uint8Array): RowId | undefined {
    if (this.#loaded < this.rows) this.#loadTail();
    return this.slots.find(table, handle, this.#is);
  }

  /** The row's id; a row not known yet gets the next one. The caller holds the transaction. */
  findOrAdd(table: number, handle: Uint8Array): RowId {
    // Rows begin in the order in which they were learned: no look-up is needed for the one behind the last that began.
    if (this.#next < this.rows && this.#is(this.#next, table, handle)) return this.#next++;
    if (this.#loaded < this.rows) this.#loadTail();
    const id = this.slots.findOrAdd(table, handle, this.#is, this.rows, this.#merged);
    if (id >= this.#next && id < this.rows) this.#next = id + 1;
    if (id === this.rows) {
      this.rows++;
      this.#loaded = this.rows;
      this.pages.seekForWrite(this.#record, id).clear(table, handle);
    }
    return id;
  }

  /** Moves `record` to the event before the one at log index `successor`; false when that was the first. */
  seekOlder(record: RecordView, successor: number): boolean {
    const bytes = this.older.get(successor);
    if (bytes === undefined) return false;
    record.at(bytes, new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES), 0);
    return true;
  }

  /** Truncates of a table, newest first. */
  truncates(table: number): readonly { readonly index: number; readonly xid: number }[] {
    const found = this.db.prepare("SELECT idx, xid FROM marks WHERE tbl = ? AND kind = ? ORDER BY idx DESC");
    return found.all(table, TRUNCATE).map((r) => ({ index: r["idx"] as number, xid: r["xid"] as number }));
  }

  /** Log index of the newest gap or restore; -1 without one. */
  lastDeclared(): number {
    const found = this.db.prepare("SELECT max(idx) AS idx FROM marks WHERE kind IN (?, ?)").get(GAP, RESTORED);
    return (found?.["idx"] as number | null | undefined) ?? -1;
  }

  /** Creates and deletes whose row could not be told (its patient's key is destroyed). */
  untold(table: number): readonly { readonly index: number; readonly xid: number; readonly change: 1 | -1 }[] {
    const found = this.db.prepare("SELECT idx, xid, kind FROM marks WHERE tbl = ? AND kind IN (?, ?)");
    return found.all(table, CREATE, DELETE).map((r) => ({
      index: r["idx"] as number,
      xid: r["xid"] as number,
      change: r["kind"] === CREATE ? 1 : -1,
    }));
  }

  close(): void {
    this.db.close();
  }

  /** Rows that are not merged into the slots yet. A scan in order never needs them. */
  #loadTail(): void {
    for (let id = this.#loaded; id < this.rows; id++) {
      const r = this.pages.seek(this.#record, id);
      this.slots.load(r.bytes.slice(r.offset, r.offset + HANDLE_BYTES), id);
    }
    this.#loaded = this.rows;
  }

  readonly #is: IsRow = (id, table, handle) => {
    const r = this.pages.seek(this.#record, id);
    return r.table === table && r.isHandle(handle);
  };

  #flush(): void {
    this.pages.flush();
    this.names.flush();
    this.unattributed.flush();
    this.older.flush();
    if (this.slots.full) {
      this.slots.merge(this.#merged, this.rows);
      this.#merged = this.rows;
      this.#setMeta.run("merged", this.#merged);
    }
    this.#setMeta.run("rows", this.rows);
    this.#setMeta.run("unnamed", this.unnamed);
    this.#setMeta.run("reads", this.reads);
    this.#setMeta.run("newest-read", this.newestRead);
    this.#setMeta.run("applied", this.applied);
  }

  #number(name: string): number {
    return (this.#meta.get(name)?.["value"] as number | undefined) ?? 0;
  }
}
