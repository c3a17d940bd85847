/** What operators accepted stays in sight, whatever became of the rows since. */
import { toHex } from "@anamnesis/core";
import type { RowIndexReader } from "../row-index.ts";
import type { AcceptedRows } from "./report.ts";
import { RowIdentity } from "./row-identity.ts";
import type { CheckContext, TableCheck } from "./table-check.ts";

const ACCEPTED_MAX = 10_000;

/** `table`: only of this one. Keys are named where the table was read; elsewhere they are the rows' handles. */
export function acceptedRows(
  index: RowIndexReader,
  { handles, sealers, names }: CheckContext,
  checks: readonly TableCheck[],
  table: string | undefined,
): AcceptedRows {
  const { events, total } = index.accepted(ACCEPTED_MAX, table === undefined ? undefined : handles.table(table));
  const identities = new Map(checks.map((c) => [toHex(c.handle), new RowIdentity(c.table, handles, sealers)] as const));
  const rows = events.map((e) => ({
    table: names.table(e.table),
    key: names.key(e.id, identities.get(toHex(e.table))),
    gone: e.gone,
    reason: e.reason,
    index: e.index,
    time: e.time,
    actor: e.actor === null ? null : names.actor(e.actor),
  }));
  return { rows, total };
}
