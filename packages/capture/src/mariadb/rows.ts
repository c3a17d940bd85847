/** Row images of the binary log as changes of a table that capture knows. */

import type { Primitives } from "@anamnesis/crypto";
import { schemaFingerprint } from "../digests/rule.ts";
import { captureError } from "../errors.ts";
import type { Values } from "../row-image.ts";
import type { Change, TableSchema } from "../source.ts";
import type { MariaTable } from "./catalog.ts";
import { Code } from "./codes.ts";
import type { Cursor } from "./cursor.ts";
import type { RowsBody, RowsKind } from "./events.ts";
import type { LoggedTable } from "./table-map.ts";
import { type ReadValue, readable } from "./values.ts";

/** A table as the log describes it. `kept`: the places of the row bytes' columns among the logged ones. */
export interface Described {
  readonly table: TableSchema;
  readonly read: readonly ReadValue[];
  readonly kept: readonly number[];
}

/**
 * The table with the columns that the log really has, which may be older or newer than the catalog's.
 * @throws AnamnesisError `capture/no-row-metadata`, `capture/unknown-message`
 */
export function describe(
  known: MariaTable,
  logged: LoggedTable,
  charsets: ReadonlyMap<number, string>,
  primitives: Primitives,
): Described {
  if (!logged.named) {
    throw captureError(
      "capture/no-row-metadata",
      "the binary log does not name its columns: SET GLOBAL binlog_row_metadata = 'FULL', and in the server's configuration",
    );
  }
  const columns = logged.columns.map((column) => {
    const hint = known.columns.find((c) => c.name === column.name)?.type;
    const found = readable(column, charsets, hint);
    if (found === undefined) {
      const message = "a column of the binary log has a type that this version does not know: exclude the table";
      throw captureError("capture/unknown-message", message, { table: known.name, type: column.code });
    }
    return { name: column.name, type: found.type, modifier: -1, large: false, read: found.read };
  });
  const kept = columns.flatMap((c, i) => (known.generated.includes(c.name) ? [] : [i]));
  const sent = kept.flatMap((i) => columns[i] ?? []);
  const read = columns.map((c) => c.read);
  const same =
    sent.length === known.columns.length &&
    sent.every((c, i) => c.name === known.columns[i]?.name && c.type === known.columns[i]?.type);
  if (same) return { table: known, read, kept };
  const place = (index: number): number => sent.findIndex((c) => c.name === known.columns[index]?.name);
  const table: TableSchema = {
    ...known,
    columns: sent.map(({ name, type, modifier, large }) => ({ name, type, modifier, large })),
    schemaId: schemaFingerprint(primitives, sent),
    keyColumns: known.keyColumns.map(place),
    subjectColumns: known.subjectColumns.map(place).filter((i) => i >= 0),
  };
  return { table, read, kept };
}

/** A table that is not captured: its rows are only counted. Undefined = not even that is possible. */
export function describeUnknown(logged: LoggedTable, charsets: ReadonlyMap<number, string>): Described | undefined {
  const read = logged.columns.map((column) =>
    column.code === Code.enum || column.code === Code.set
      ? (c: Cursor) => c.take(column.meta)
      : readable(column, charsets, undefined)?.read,
  );
  if (read.includes(undefined)) return undefined;
  const handle = new Uint8Array(8);
  const table = { name: "", handle, schemaId: handle, columns: [], keyColumns: [], subjectColumns: [] };
  return {
    table: { ...table, identity: "nothing", estimate: 0 },
    read: read.flatMap((r) => r ?? []),
    kept: read.map((_, i) => i),
  };
}

/** Every row of one event. */
export function eachRow(
  kind: RowsKind,
  body: RowsBody,
  described: Described,
  onChange: (change: Change) => void,
): void {
  const { images, columns, present } = body;
  if (columns !== described.read.length)
    throw captureError("capture/malformed-message", "rows have other columns than their table");
  const [first, second] = present;
  if (first === undefined) return;
  while (images.left > 0) {
    const image = readImage(images, first, described);
    if (kind === "update") {
      const after = readImage(images, second ?? first, described);
      onChange({ kind, table: described.table, before: image, after: completed(image, after) });
    } else if (kind === "create") onChange({ kind, table: described.table, after: image });
    else onChange({ kind, table: described.table, before: image });
  }
}

/** What an image leaves out is as it was: the other image has it, or nobody does. */
const completed = (before: Values, after: Values): Values =>
  after.includes(undefined) ? after.map((value, i) => (value === undefined ? before[i] : value)) : after;

const isSet = (bits: Buffer, i: number): boolean => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0;

function readImage(c: Cursor, present: Buffer, { read, kept }: Described): Values {
  let count = 0;
  for (let i = 0; i < read.length; i++) if (isSet(present, i)) count++;
  const nulls = c.take((count + 7) >> 3);
  // Not `Array.from`: that costs more than to read all the values.
  const values = new Array<Uint8Array | null | undefined>(read.length).fill(undefined);
  let at = 0;
  for (let i = 0; i < read.length; i++) {
    if (!isSet(present, i)) continue;
    values[i] = isSet(nulls, at++) ? null : read[i]?.(c);
  }
  return kept.length === values.length ? values : kept.map((i) => values[i]);
}
