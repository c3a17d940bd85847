/** What verification answers: rows checked, findings, and from which evidence. */

export type FindingKind = "altered" | "missing" | "unexplained" | "erased" | "unvouched";

export interface Finding {
  /** `schema.table`, or the handle in hexadecimal when no name is known. */
  readonly table: string;
  /** Key text; `#` and the row's handle in hexadecimal when no name is known; `*` for a whole table. */
  readonly key: string;
  readonly kind: FindingKind;
  /** The newest event about the row that the snapshot sees: what the ledger last vouched for. */
  readonly lastEvent: LastEvent | null;
  /**
   * Set when the row holds what this older event (log index) committed to: it was put back. The newest of several.
   */
  readonly equalsEvent?: number;
  /**
   * Set when a later legal change carried the altered row into its own commitment, or deleted it: log index and time (µs
   * since 1970) of the first such change. The row stays a finding until it is accepted.
   */
  readonly contradicted?: { readonly event: number; readonly time: number };
  /** Set on `unvouched` rows whose newest event covers other columns than the table has now. */
  readonly columnsChanged?: true;
  /** Set on `unvouched` rows whose newest event left out a large value that was not known from before. */
  readonly valueUnknown?: true;
  /** Set on `unvouched` rows of a table that capture is going through just now, since the table is new or has changed. */
  readonly pending?: true;
}

export interface LastEvent {
  readonly index: number;
  /** Microseconds since 1970. */
  readonly time: number;
  /** Name, or the handle in hexadecimal when no name is known; null = nobody was named. */
  readonly actor: string | null;
}

export type VerifyMode = "cache" | "from-log";

/**
 * Why a table's rows were never on the ledger: nothing names the row that an update changed (`no-identity`), its writes
 * are not in the source's log (`unlogged`), or capture has not met the table yet (`new`).
 */
export type NotCoveredReason = "no-identity" | "unlogged" | "new";

export interface NotCovered {
  /** `schema.table` */
  readonly table: string;
  readonly why: NotCoveredReason;
}

/** What an operator accepted, with a reason. */
export interface AcceptedRow {
  readonly table: string;
  readonly key: string;
  /** That the row is not there any more; else: the row as it was then. */
  readonly gone: boolean;
  readonly reason: string | null;
  /** Log index of the event. */
  readonly index: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly actor: string | null;
}

/** Oldest first; the first 10,000. */
export interface AcceptedRows {
  readonly rows: readonly AcceptedRow[];
  readonly total: number;
}

export interface VerifyReport {
  /** Rows read from the database. */
  readonly rows: number;
  /** The content is not what the newest event committed to. */
  readonly altered: readonly Finding[];
  /** The ledger says there is such a row; the database has none. */
  readonly missing: readonly Finding[];
  /** The database has a row that no event explains, or that was deleted. */
  readonly unexplained: readonly Finding[];
  /** The subject's key was destroyed: nobody can tell any more. Not held against the database. */
  readonly erased: readonly Finding[];
  /** The newest event does not commit to the whole row as the table is now (columns changed, or not all were seen). */
  readonly unvouched: readonly Finding[];
  /** Tables that are there and not captured: this report says nothing of their rows, or only of their past. */
  readonly notCovered: readonly NotCovered[];
  /** All findings of each kind, also those beyond the limit of the lists. */
  readonly totals: Readonly<Record<FindingKind, number>>;
  /** Events without a known actor; baselines do not count. */
  readonly unattributed: number;
  /** Everything that was ever accepted with a reason. No finding, and never out of sight. */
  readonly accepted: AcceptedRows;
  readonly mode: VerifyMode;
  /** Position in the source's log (LSN): the report holds at or after it. Null for a report over no table. */
  readonly position: string | null;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  readonly seconds: number;
}

/** 0 = clean; 1 = findings. Erased rows and events without an actor are no findings. */
export function exitCodeOf(report: Pick<VerifyReport, "totals">): 0 | 1 {
  const { altered, missing, unexplained, unvouched } = report.totals;
  return altered + missing + unexplained + unvouched === 0 ? 0 : 1;
}

const KINDS: readonly FindingKind[] = ["altered", "missing", "unexplained", "erased", "unvouched"];

/** What makes room for other kinds when the lists are full: a changed column must not hide a changed value. */
const YIELDING: readonly FindingKind[] = ["erased", "unvouched"];

/** Findings by kind, kept up to a limit over all kinds and counted beyond. */
export class Findings {
  readonly lists: Record<FindingKind, Finding[]> = empty(() => []);
  readonly totals: Record<FindingKind, number> = empty(() => 0);
  #room: number;

  constructor(limit: number) {
    this.#room = limit;
  }

  /** `describe` is only called while there is room: past the limit, findings cost a count. */
  add(kind: FindingKind, describe: () => Omit<Finding, "kind">): void {
    this.totals[kind]++;
    if (this.#room <= 0 && !this.#makeRoom(kind)) return;
    this.#room--;
    const { table, key, lastEvent, ...why } = describe();
    this.lists[kind].push({ table, key, kind, lastEvent, ...why });
  }

  /** Takes over what was collected apart. */
  takeIn(other: Findings): void {
    for (const kind of KINDS) {
      for (const finding of other.lists[kind]) this.add(kind, () => finding);
      this.totals[kind] += other.totals[kind] - other.lists[kind].length;
    }
  }

  #makeRoom(kind: FindingKind): boolean {
    const yielding = YIELDING.includes(kind) ? undefined : YIELDING.find((k) => this.lists[k].length > 0);
    if (yielding === undefined) return false;
    this.lists[yielding].pop();
    this.#room++;
    return true;
  }
}

function empty<T>(make: () => T): Record<FindingKind, T> {
  return { altered: make(), missing: make(), unexplained: make(), erased: make(), unvouched: make() };
}
