/** What the index keeps of erasures, and how names of rows go from it. */
import type { DatabaseSync } from "node:sqlite";
import { HANDLE_BYTES, RecordView } from "./record.ts";
import { PER_PAGE } from "./row-names.ts";
import type { Store } from "./store.ts";

/** Somebody's key was destroyed, as the ledger says. */
export interface Erasure {
  /** Handle of the subject in the key store: 16 bytes. */
  readonly subject: Uint8Array;
  /** Log index of the newest event that says so. */
  readonly index: number;
  /** The names of the subject's rows are gone from this index as well. */
  readonly clean: boolean;
}

/** A row with a readable key. */
export interface Named {
  readonly id: number;
  readonly table: Uint8Array;
  /** Handle, 16 bytes; good until the call returns. */
  readonly row: Uint8Array;
  readonly key: string;
  /** Whether the ledger says that the row is there; false also for what never was a row. */
  readonly alive: boolean;
}

/** Seldom used, so nothing is prepared: a file of an older version, opened for reading, has no such table. */
export class Erased {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  add(subject: Uint8Array, index: number): void {
    const sql = "INSERT INTO erased VALUES (?, ?, 0) ON CONFLICT (subject) DO UPDATE SET idx = excluded.idx, clean = 0";
    this.#db.prepare(sql).run(subject, index);
  }

  all(): readonly Erasure[] {
    const found = this.#db.prepare("SELECT subject, idx, clean FROM erased ORDER BY idx").all();
    return found.map((r) => ({
      subject: r["subject"] as Uint8Array,
      index: r["idx"] as number,
      clean: r["clean"] === 1,
    }));
  }

  setClean(subject: Uint8Array, clean: boolean): void {
    this.#db.prepare("UPDATE erased SET clean = ?2 WHERE subject = ?1").run(subject, clean ? 1 : 0);
  }
}

/** Forgets names among the rows `[from, to)`. The caller holds the transaction. Returns how many. */
export function forgetNames(store: Store, from: number, to: number, isMeant: (row: Named) => boolean): number {
  const record = new RecordView();
  let forgotten = 0;
  for (let page = Math.floor(from / PER_PAGE); page * PER_PAGE < to; page++) {
    forgotten += store.names.forgetSome(page, (id, key) => {
      if (id < from || id >= to) return false;
      const { alive, table, bytes, offset } = store.pages.seek(record, id);
      const row = bytes.subarray(offset, offset + HANDLE_BYTES);
      return isMeant({ id, key, alive, row, table: store.tables.handleOf(table) });
    });
  }
  return forgotten;
}
