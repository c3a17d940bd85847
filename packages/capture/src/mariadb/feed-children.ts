/** Reads which rows of a table refer to which, by one foreign key, in the snapshot of the connection. */
import type { Connection } from "mysql2";
import { joinFields } from "../digests/rule.ts";
import { splitRow, unescapeField } from "../postgres/canonical.ts";
import { type MariaColumn, type MariaTable, qualifiedMaria } from "./catalog.ts";
import type { Children } from "./children.ts";
import { quoteName } from "./connect.ts";
import type { ForeignKey } from "./references.ts";
import { readRows } from "./result.ts";
import { RowText } from "./row-text.ts";
import { selectExpression } from "./types.ts";

export async function feedChildren(
  connection: Connection,
  tables: ReadonlyMap<string, MariaTable>,
  key: ForeignKey,
  children: Children,
): Promise<void> {
  const table = tables.get(key.table);
  if (table === undefined) return;
  const own = table.keyColumns.flatMap((i) => table.columns[i] ?? []);
  const referring = key.columns.flatMap((name) => table.columns.find((c) => c.name === name) ?? []);
  if (referring.length !== key.columns.length) return;
  const columns: readonly MariaColumn[] = [...own, ...referring];
  const text = new RowText(columns.map((c) => c.form));
  const select = columns.map((c) => selectExpression(quoteName(c.name), c.type)).join(", ");
  await readRows(connection, `SELECT ${select} FROM ${qualifiedMaria(table)}`, (buffer, at) => {
    const fields = splitRow(text.row(buffer, at));
    const parent = children.reference(fields.slice(own.length).map(unescapeField));
    if (parent !== undefined) children.feed(key.name, parent, joinFields(fields.slice(0, own.length)));
  });
  children.setFed(key.name);
}
