/** Changes of columns. */
import { declared, type LegalStep, looked, quiet } from "./step.ts";

export const COLUMN_STEPS: readonly LegalStep[] = [
  looked(
    "add a column",
    { table: "public.observations", why: "new-columns" },
    "ALTER TABLE observations ADD COLUMN device text",
  ),
  looked(
    "add a column with a default: no row is rewritten",
    { table: "public.conditions", why: "new-columns" },
    "ALTER TABLE conditions ADD COLUMN verified boolean NOT NULL DEFAULT false",
  ),
  looked(
    "add a column whose default is another in each row: all rows are rewritten",
    { table: "public.documents", why: "new-columns" },
    "ALTER TABLE documents ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
  ),
  quiet(
    "add a generated column",
    "ALTER TABLE allergies ADD COLUMN shown text GENERATED ALWAYS AS (upper(substance)) STORED",
  ),
  quiet("drop a generated column", "ALTER TABLE documents DROP COLUMN size"),
  looked(
    "rename a column",
    { table: "public.bed_assignments", why: "new-columns" },
    "ALTER TABLE bed_assignments RENAME COLUMN remark TO comment",
  ),
  looked(
    "widen a type: text stays as it is",
    { table: "public.notes", why: "cast-back" },
    "ALTER TABLE notes ALTER COLUMN title TYPE varchar(200)",
  ),
  looked(
    "widen a number: all rows are rewritten",
    { table: "public.conditions", why: "cast-back" },
    "ALTER TABLE conditions ALTER COLUMN severity TYPE integer",
  ),
  declared(
    "change the precision: numbers are written otherwise",
    { table: "public.observations", why: "text-lost" },
    "ALTER TABLE observations ALTER COLUMN value TYPE numeric(14,4)",
  ),
  declared("drop a column", { table: "public.patients", why: "column-gone" }, "ALTER TABLE patients DROP COLUMN email"),
  quiet(
    "set and drop a default",
    "ALTER TABLE patients ALTER COLUMN sex SET DEFAULT 'unknown'",
    "ALTER TABLE patients ALTER COLUMN sex DROP DEFAULT",
  ),
  quiet(
    "drop and set NOT NULL",
    "ALTER TABLE documents ALTER COLUMN meta DROP NOT NULL",
    "ALTER TABLE documents ALTER COLUMN meta SET NOT NULL",
  ),
  looked(
    "rename a value of an enumeration: every row says it otherwise",
    { table: "public.encounters", why: "labels" },
    "ALTER TYPE encounter_class RENAME VALUE 'HH' TO 'HOME'",
  ),
  quiet("add a value to an enumeration", "ALTER TYPE criticality ADD VALUE 'moderate'"),
];
