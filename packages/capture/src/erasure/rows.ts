/** Which rows of the index are a patient's, where only the database can tell: their keys do not name anybody. */
import type { Handles, Primitives } from "@anamnesis/crypto";
import { captureError } from "../errors.ts";
import type { KeyStore } from "../keystore.ts";
import type { RowId, RowIndexReader } from "../row-index.ts";
import type { Beside, Source, TableSchema } from "../source.ts";
import { SubjectSealers, subjectsOfFields } from "../subject-sealers.ts";
import { RowIdentity } from "../verify/row-identity.ts";
import { isSilent } from "./whose.ts";

const SLICE_ROWS = 20_000;

export interface PatientRowsOptions {
  readonly source: Source;
  readonly tables: readonly TableSchema[];
  readonly index: RowIndexReader;
  readonly handles: Handles;
  readonly primitives: Primitives;
  readonly keystore: KeyStore;
  readonly isErased: (patient: string) => boolean;
}

/** None where the source cannot be read beside its stream. @throws what the source throws; `capture/catalog-changed` */
export async function patientRows(options: PatientRowsOptions, signal: AbortSignal): Promise<ReadonlySet<RowId>> {
  const rows = new Set<RowId>();
  const silent = options.tables.filter(isSilent);
  const beside = silent.length === 0 ? undefined : await options.source.beside?.();
  if (beside === undefined) return rows;
  try {
    for (const table of silent) await readTable(options, { beside, table, rows, signal });
  } finally {
    await beside.close();
  }
  return rows;
}

interface Reading {
  readonly beside: Beside;
  readonly table: TableSchema;
  readonly rows: Set<RowId>;
  readonly signal: AbortSignal;
}

async function readTable(o: PatientRowsOptions, { beside, table, rows, signal }: Reading): Promise<void> {
  const identity = new RowIdentity(table, o.handles, new SubjectSealers(o.primitives, o.keystore));
  for (let from: string | undefined, first = true; first || from !== undefined; first = false) {
    signal.throwIfAborted();
    const slice = await beside.open(table, { rows: SLICE_ROWS, ...(from === undefined ? {} : { from }) });
    if (slice === undefined) throw captureError("capture/catalog-changed", "a table is another one now: read it again");
    try {
      await slice.rows((row) => {
        const fields = identity.fields(row);
        if (!subjectsOfFields(table, fields).some(o.isErased)) return;
        const id = o.index.find(table.handle, identity.keyHandle(fields));
        if (id !== undefined) rows.add(id);
      }, signal);
    } finally {
      await slice.close();
    }
    from = slice.next;
  }
}
