/**
 * Which columns of a table name patients. The configuration wins; without it, foreign keys to the table of patients
 * decide, then the usual column names. A table that matches nothing is about nobody and uses its own key.
 */

/** Table (`schema.table`) → columns naming patients; an empty list says "about nobody". */
export type SubjectConfig = Readonly<Record<string, readonly string[]>>;

export interface SubjectTable {
  /** `schema.table` */
  readonly name: string;
  readonly columns: readonly string[];
  readonly keyColumns: readonly number[];
  readonly references: readonly Reference[];
}

/** A foreign key over one column. */
export interface Reference {
  readonly column: string;
  readonly table: string;
  readonly target: string;
}

export interface SubjectMapping {
  readonly columns: readonly number[];
  readonly because: "configured" | "patients" | "foreign-key" | "name" | "nobody";
}

const PATIENT_TABLES: ReadonlySet<string> = new Set(["patients", "patient", "persons", "person", "pat", "subjects"]);
const PATIENT_COLUMNS: ReadonlySet<string> = new Set([
  "patient_id",
  "patientid",
  "patient",
  "subject_id",
  "pat_id",
  "person_id",
  "mrn",
]);

/** The mapping of every table, by name. Unknown column names of the configuration are reported by `unknown`. */
export function mapSubjects(
  tables: readonly SubjectTable[],
  config: SubjectConfig = {},
): { readonly mapping: ReadonlyMap<string, SubjectMapping>; readonly unknown: readonly string[] } {
  const called = patientReferences(tables);
  const own = tables.filter((t) => isPatients(t, called));
  const patients = new Map(own.map((t) => [t.name, t.columns[t.keyColumns[0] ?? -1]]));
  const unknown: string[] = [];
  const mapping = new Map<string, SubjectMapping>();
  for (const table of tables) {
    const configured = Object.hasOwn(config, table.name) ? config[table.name] : undefined;
    for (const column of configured ?? []) {
      if (!table.columns.includes(column)) unknown.push(`${table.name}.${column}`);
    }
    mapping.set(
      table.name,
      configured === undefined ? detect(table, patients) : byName(table, configured, "configured"),
    );
  }
  for (const name of Object.keys(config)) if (!mapping.has(name)) unknown.push(name);
  return { mapping, unknown };
}

function detect(table: SubjectTable, patients: ReadonlyMap<string, string | undefined>): SubjectMapping {
  const own = patients.get(table.name);
  if (own !== undefined) return byName(table, [own], "patients");
  const keys = table.references.filter((r) => patients.get(r.table) === r.target).map((r) => r.column);
  if (keys.length > 0) return byName(table, keys, "foreign-key");
  const named = table.columns.filter((column) => PATIENT_COLUMNS.has(column.toLowerCase()));
  return named.length > 0 ? byName(table, named.slice(0, 1), "name") : { columns: [], because: "nobody" };
}

function byName(table: SubjectTable, names: readonly string[], because: SubjectMapping["because"]): SubjectMapping {
  const columns = [...new Set(names.map((name) => table.columns.indexOf(name)))].filter((i) => i >= 0);
  return { columns: columns.toSorted((a, b) => a - b), because };
}

/** By its name; or, where applications put their own before it (`gnuhealth_patient`), by what others call it as well. */
function isPatients(table: SubjectTable, called: ReadonlySet<string>): boolean {
  const name = (table.name.split(".").at(-1) ?? "").toLowerCase();
  if (table.keyColumns.length !== 1) return false;
  return PATIENT_TABLES.has(name) || (PATIENT_TABLES.has(name.split("_").at(-1) ?? "") && called.has(table.name));
}

/** Tables to which a foreign key refers from a column that has a usual name of patients. */
const patientReferences = (tables: readonly SubjectTable[]): ReadonlySet<string> =>
  new Set(
    tables.flatMap((t) => t.references.filter((r) => PATIENT_COLUMNS.has(r.column.toLowerCase())).map((r) => r.table)),
  );
