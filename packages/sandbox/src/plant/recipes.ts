import type { Table } from "../hospital/rows.ts";

/** What was done to a row. */
export type What = Recipe["what"] | "partition" | "unseen" | "page" | "put-back";

/** One way to tamper, on one table. */
export type Recipe =
  | {
      readonly what: "cell" | "microsecond" | "trailing-zero";
      readonly table: Table;
      readonly column: string;
      readonly to: string;
    }
  | { readonly what: "older-value"; readonly table: Table; readonly column: string; readonly to: string }
  | { readonly what: "deleted" | "swapped"; readonly table: Table }
  | { readonly what: "inserted"; readonly table: Table; readonly fresh: readonly string[] };

const cell = (table: Table, column: string, to: string): Recipe => ({ what: "cell", table, column, to });
const micro = (table: Table, column: string): Recipe => ({
  ...{ what: "microsecond", table, column, to: `${column} + interval '1 microsecond'` },
});
/** The same number with one decimal less, if that one is a zero, or one more. */
const zero = (table: Table, column: string): Recipe => ({
  ...{ what: "trailing-zero", table, column },
  to: `round(${column}, scale(${column}) + CASE WHEN scale(${column}) > min_scale(${column}) THEN -1 ELSE 1 END)`,
});
const older = (table: Table, column: string, to: string): Recipe => ({ what: "older-value", table, column, to });
const inserted = (table: Table, ...fresh: string[]): Recipe => ({ what: "inserted", table, fresh });

const swap = (column: string): string => `CASE WHEN ${column} IS NULL THEN '' ELSE NULL END`;

/** Each `to` differs from what was there, whatever that was. */
export const RECIPES: readonly Recipe[] = [
  cell("patients", "phone", "coalesce(phone, '') || '7'"),
  cell("patients", "birth_date", "birth_date + 1"),
  cell("patients", "address", `address || '{"town": "Nowhere"}'`),
  cell("encounters", "period", "tstzrange(lower(period) - interval '1 second', upper(period))"),
  cell("conditions", "severity", "coalesce(severity, 0) + 1"),
  cell("conditions", "remark", swap("remark")),
  cell("observations", "value", "coalesce(value, 0) + 1"),
  cell("observations", "flags", "flags || '{x}'"),
  cell("medications", "dose", "dose + 0.001"),
  cell("medications", "instructions", swap("instructions")),
  cell("medications", "valid", "daterange(lower(valid) - 1, upper(valid))"),
  cell("allergies", "reactions", "array_append(reactions, 'none')"),
  cell("allergies", "ages", "int4range(lower(ages), upper(ages) + 1)"),
  cell("notes", "body", "overlay(body placing '~' from 1000 for 1)"),
  cell("documents", "content", "set_byte(content, 3, (get_byte(content, 3) + 1) % 256)"),
  cell("invoices", "amount", "amount + 0.01"),
  cell("care_team", "until", "coalesce(until, since) + interval '1 hour'"),
  cell("bed_assignments", "remark", swap("remark")),
  cell("device_log", "reading", "coalesce(reading, 0) + 0.5"),
  cell("practitioners", "specialities", "specialities || '{heart}'"),
  { what: "deleted", table: "observations" },
  { what: "deleted", table: "conditions" },
  { what: "deleted", table: "medications" },
  { what: "deleted", table: "allergies" },
  { what: "deleted", table: "notes" },
  { what: "deleted", table: "documents" },
  { what: "deleted", table: "invoices" },
  { what: "deleted", table: "care_team" },
  { what: "deleted", table: "bed_assignments" },
  { what: "deleted", table: "device_log" },
  inserted("observations", "id"),
  inserted("conditions", "id"),
  inserted("medications", "id"),
  inserted("allergies", "id"),
  inserted("notes", "id"),
  inserted("documents", "id"),
  inserted("care_team", "task"),
  inserted("bed_assignments", "bed"),
  inserted("device_log", "raw"),
  { what: "swapped", table: "observations" },
  { what: "swapped", table: "conditions" },
  { what: "swapped", table: "medications" },
  { what: "swapped", table: "allergies" },
  { what: "swapped", table: "notes" },
  { what: "swapped", table: "care_team" },
  older("observations", "value", "coalesce(value, 0) + 2"),
  older("conditions", "display", "display || ' (suspected)'"),
  older("medications", "dose", "dose + 1"),
  older("notes", "addendum", "coalesce(addendum, '') || ' seen.'"),
  older("invoices", "amount", "amount + 5"),
  micro("patients", "created_at"),
  micro("conditions", "recorded_at"),
  micro("notes", "written_at"),
  micro("documents", "received_at"),
  micro("care_team", "since"),
  zero("observations", "value"),
  zero("invoices", "amount"),
];
