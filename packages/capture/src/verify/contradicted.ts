/**
 * Rows that a later legal change showed to have been altered behind capture, and that nobody has accepted since. They are
 * findings also where the row now is what its newest event committed to, or is gone.
 */
import { toHex } from "@anamnesis/core";
import type { Contradiction, RowId, RowIndexReader } from "../row-index.ts";
import type { Names } from "./names.ts";
import type { Finding, Findings } from "./report.ts";
import type { RowIdentity } from "./row-identity.ts";

export interface ContradictedOptions {
  readonly index: RowIndexReader;
  readonly names: Names;
  readonly findings: Findings;
  /** The table (hexadecimal handle) and how its rows are named, where it was compared. */
  readonly compared: (table: string) => { readonly name: string; readonly identity: RowIdentity } | undefined;
}

const EVERYTHING = { xmin: Number.MAX_SAFE_INTEGER, xmax: Number.MAX_SAFE_INTEGER, running: new Set<number>() };

export class ContradictedRows {
  #open: ReadonlyMap<RowId, Contradiction> = new Map();
  readonly #told = new Set<RowId>();

  /** Takes in what the index has by now. */
  refresh(index: RowIndexReader): void {
    this.#open = index.contradicted();
  }

  /** What belongs to a finding about the row; then it gets no other one. */
  tell(id: RowId | undefined): Pick<Finding, "contradicted"> {
    const contradicted = id === undefined ? undefined : this.#open.get(id);
    if (id === undefined || contradicted === undefined) return {};
    this.#told.add(id);
    return { contradicted };
  }

  /** Findings for those of which nothing was told: of all tables, of one (hexadecimal handle), or one row. */
  addUntold({ index, names, findings, compared }: ContradictedOptions, only: { table?: string; row?: RowId }): void {
    for (const [id, contradicted] of this.#open) {
      if (this.#told.has(id) || (only.row !== undefined && only.row !== id)) continue;
      const { table } = index.handleOf(id);
      const handle = toHex(table);
      if (only.table !== undefined && only.table !== handle) continue;
      this.#told.add(id);
      findings.add("altered", () => ({
        table: compared(handle)?.name ?? names.table(table),
        key: names.key(id, compared(handle)?.identity),
        lastEvent: names.lastEvent(index.view(table, EVERYTHING).last(id)),
        contradicted,
      }));
    }
  }
}
