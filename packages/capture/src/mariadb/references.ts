/** Foreign keys, and which of them change rows of their own accord: InnoDB does that below the log, which says nothing of it. */
import type { Connection } from "mysql2";
import type { Reference } from "../subjects.ts";
import { readTexts } from "./result.ts";

/** What happens to a row when the one it refers to goes (`onDelete`) or gets other values (`onUpdate`). */
export type Rule = "nothing" | "cascade" | "null";

export interface ForeignKey {
  readonly name: string;
  /** `database.table` of the rows that refer, and the columns by which they do. */
  readonly table: string;
  readonly columns: readonly string[];
  /** What they refer to. */
  readonly target: string;
  readonly targetColumns: readonly string[];
  readonly onDelete: Rule;
  readonly onUpdate: Rule;
}

/** By the table that refers. `where` names the schema of `k`. */
export async function readForeignKeys(connection: Connection, where: string): Promise<Map<string, ForeignKey[]>> {
  const rows = await readTexts(
    connection,
    `SELECT CONCAT(k.TABLE_SCHEMA, '.', k.TABLE_NAME), k.CONSTRAINT_NAME, k.COLUMN_NAME,
            CONCAT(k.REFERENCED_TABLE_SCHEMA, '.', k.REFERENCED_TABLE_NAME), k.REFERENCED_COLUMN_NAME,
            r.DELETE_RULE, r.UPDATE_RULE
       FROM information_schema.KEY_COLUMN_USAGE k
       JOIN information_schema.REFERENTIAL_CONSTRAINTS r
         ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
      WHERE ${where} AND k.REFERENCED_TABLE_NAME IS NOT NULL
      ORDER BY 1, 2, k.ORDINAL_POSITION`,
  );
  const keys = new Map<string, Map<string, ForeignKey>>();
  for (const [table = "", name = "", column, target, targetColumn, onDelete, onUpdate] of rows) {
    const ofTable = keys.get(table ?? "") ?? new Map<string, ForeignKey>();
    const known = ofTable.get(name ?? "");
    ofTable.set(name ?? "", {
      ...{ name: `${table}/${name}`, table: table ?? "", target: target ?? "" },
      columns: [...(known?.columns ?? []), column ?? ""],
      targetColumns: [...(known?.targetColumns ?? []), targetColumn ?? ""],
      ...{ onDelete: ruleOf(onDelete), onUpdate: ruleOf(onUpdate) },
    });
    keys.set(table ?? "", ofTable);
  }
  return new Map([...keys].map(([table, ofTable]) => [table, [...ofTable.values()]]));
}

const ruleOf = (rule: string | null | undefined): Rule =>
  rule === "CASCADE" ? "cascade" : rule === "SET NULL" ? "null" : "nothing";

export const acts = (key: ForeignKey): boolean => key.onDelete !== "nothing" || key.onUpdate !== "nothing";

/** Those over one column, for finding patients. */
export const singleReferences = (keys: readonly ForeignKey[]): readonly Reference[] =>
  keys.flatMap(({ columns, target, targetColumns }) => {
    const [column, targetColumn] = [columns[0], targetColumns[0]];
    const single = columns.length === 1 && column !== undefined && targetColumn !== undefined;
    return single ? [{ column, table: target, target: targetColumn }] : [];
  });
