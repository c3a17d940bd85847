/**
 * What the index keeps of what before-images have told (contradictions, and rows that ended under a former handle), and what a
 * row's record said before an event that is known already.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Position } from "@anamnesis/contracts";
import type { Event } from "@anamnesis/ledger";
import type { Contradiction, KnownPredecessor, RowId } from "../row-index.ts";
import { RecordView } from "./record.ts";
import type { Store } from "./store.ts";
import { Found } from "./view.ts";

const REFERENCE = /^event\.(\d{1,15})$/;

/** How events of the kinds `contradicted` and `retired` name the change that showed them, by its log index. */
export const referenceTo = (index: number): string => `event.${index}`;

/** A row's older events are gone through so far for one that is delivered again: more is no replay any more. */
const OLDER_MAX = 10_000;

/** The applier's side. The caller holds the transaction. */
export class ContradictedRows {
  readonly #add: StatementSync;
  readonly #accept: StatementSync;
  readonly #baseline: StatementSync;
  readonly #baselined: StatementSync;
  #known = new Map<number, number>();

  constructor(db: DatabaseSync) {
    this.#add = db.prepare("INSERT OR IGNORE INTO contradicted VALUES (?, ?, ?, ?)");
    this.#accept = db.prepare("UPDATE contradicted SET open = 0 WHERE id = ?");
    this.#baseline = db.prepare("INSERT OR IGNORE INTO baselined VALUES (?, ?)");
    this.#baselined = db.prepare("SELECT idx FROM baselined WHERE tbl = ?");
  }

  /** Takes what a before-image told of the row; only contradictions stay open. */
  add(id: RowId, { kind, purpose, time }: Event): void {
    const index = REFERENCE.exec(purpose ?? "")?.[1];
    if (index !== undefined) this.#add.run(id, Number(index), time, kind === "contradicted" ? 1 : 0);
  }

  accept(id: RowId): void {
    this.#accept.run(id);
  }

  baseline(table: number, index: number): void {
    this.#baseline.run(table, index);
    this.#known = new Map();
  }

  /** After a failure: what was taken in is not there. */
  forget(): void {
    this.#known = new Map();
  }

  isBaselined(table: number, index: number): boolean {
    let at = this.#known.get(table);
    if (at === undefined) {
      const found = this.#baselined.get(table)?.["idx"];
      at = typeof found === "number" ? found : Number.MAX_SAFE_INTEGER;
      this.#known.set(table, at);
    }
    return at < index;
  }
}

export function openContradictions(db: DatabaseSync): ReadonlyMap<RowId, Contradiction> {
  const open = new Map<RowId, Contradiction>();
  for (const r of db.prepare("SELECT id, event, time FROM contradicted WHERE open = 1 ORDER BY event").iterate()) {
    const id = r["id"] as number;
    if (!open.has(id)) open.set(id, { event: r["event"] as number, time: r["time"] as number });
  }
  return open;
}

/** Undefined when the row has no event at `at`. */
export function predecessorOf(store: Store, table: number, id: RowId, at: Position): KnownPredecessor | undefined {
  const r = store.pages.seek(new RecordView(), id);
  if (r.code === 0) return undefined;
  for (let n = 0; r.lsn !== at.lsn || r.ordinal !== at.ordinal; n++) {
    if (n >= OLDER_MAX || !store.seekOlder(r, r.index)) return undefined;
  }
  const { index, xid, time } = r;
  const truncated = store.truncates(table).find((t) => t.index < index)?.index ?? -1;
  const hasOlder = store.seekOlder(r, index);
  const { db } = store;
  return {
    ...{ index, xid: BigInt(xid), time },
    before: hasOlder ? new Found().take(r, r.alive && r.index > truncated) : undefined,
    copies: hasOlder && r.index > truncated ? r.copies : 0,
    baselined: db.prepare("SELECT 1 FROM baselined WHERE tbl = ? AND idx < ?").get(table, index) !== undefined,
    told: db.prepare("SELECT 1 FROM contradicted WHERE event = ?").get(index) !== undefined,
  };
}
