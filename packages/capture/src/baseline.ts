/** The first commitment to rows that were there before us: one `baseline` event per row, one `schema` event per table. */
import { toHex } from "@anamnesis/core";
import type { CaptureOptions } from "./capture.ts";
import type { Flow } from "./flow.ts";
import type { TableHistory } from "./log-scan.ts";
import type { Snapshot, TableSchema } from "./source.ts";

export interface BaselineOptions {
  readonly capture: CaptureOptions;
  readonly flow: Flow;
  readonly snapshot: Snapshot;
  readonly tables: readonly TableSchema[];
  /** What the log says already; undefined when the ledger knows nothing of this source. */
  readonly history: TableHistory | undefined;
  readonly onTable: (table: TableSchema, rows: number) => void;
}

const REPORT_ROWS = 1_000;

/**
 * Gives every row of the snapshot that has no event a baseline. A row that has one is left alone, whatever it holds: what
 * differs from its last commitment is for `verify` to report, not for us to vouch for. The caller has begun the sealer at
 * a position just before the snapshot's, and everything before it is final.
 */
export async function baseline(options: BaselineOptions): Promise<void> {
  const { capture, flow, snapshot, tables } = options;
  for (const table of tables) {
    const skip = skipper(options, table);
    let rows = 0;
    const onRow = (row: Uint8Array): void | Promise<void> => {
      flow.sealer.baseline(table, row, skip.known);
      if (++rows % REPORT_ROWS === 0) options.onTable(table, rows);
      if (flow.full) return flow.relief();
    };
    options.onTable(table, 0);
    await snapshot.rows(table, onRow, capture.signal);
    for (const { row, copies } of skip.vanished()) {
      for (let i = 0; i < copies; i++) flow.sealer.vanished(table, row);
    }
    flow.sealer.tell(table.handle, null, table.schemaId);
    options.onTable(table, rows);
  }
  await flow.drain();
  capture.progress.addBaselined(tables.map((table) => toHex(table.handle)));
}

interface Skipper {
  known(row: Uint8Array): boolean;
  /** Rows without a key whose removal was seen but which had no baseline: they existed all the same. */
  vanished(): Iterable<{ readonly row: Uint8Array; readonly copies: number }>;
}

function skipper({ capture, history }: BaselineOptions, table: TableSchema): Skipper {
  if (history === undefined) return { known: () => false, vanished: () => [] };
  const copies = history.copies.get(toHex(table.handle));
  if (copies === undefined) {
    return { known: (row) => capture.index.known(table.handle, row), vanished: () => [] };
  }
  return {
    known(row) {
      const handle = toHex(row);
      const left = copies.get(handle) ?? 0;
      if (left > 0) copies.set(handle, left - 1);
      return left > 0;
    },
    *vanished() {
      for (const [handle, left] of copies) if (left < 0) yield { row: Buffer.from(handle, "hex"), copies: -left };
    },
  };
}
