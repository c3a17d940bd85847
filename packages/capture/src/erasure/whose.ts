/**
 * Which readable keys of rows name a patient who was erased. A name is a convenience: one too many that goes harms nobody, so
 * what is doubtful goes.
 */
import { codeOf, toHex } from "@anamnesis/core";
import type { Named } from "../index/erased.ts";
import { unescapeField, utf8Text } from "../postgres/canonical.ts";
import type { RowId } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import { parseKeyText } from "../verify/row-identity.ts";

export interface WhoseName {
  /** Tables as they are now. */
  readonly tables: readonly TableSchema[];
  /** Whether a text is the id of an erased patient. */
  readonly isErased: (text: string) => boolean;
  /** Rows of erased patients, as the database says: those of silent tables. */
  readonly rows: ReadonlySet<RowId>;
}

/** Whether rows of the table are a patient's, though their keys do not say whose. */
export const isSilent = (table: TableSchema): boolean =>
  table.keyColumns.length > 0 && table.subjectColumns.length > 0 && namesPatient(table).length === 0;

/** Says of each name whether it goes. */
export function whoseName({ tables, isErased, rows }: WhoseName): (row: Named) => boolean {
  const known = new Map(tables.map((table) => [toHex(table.handle), table]));
  const isNamed = (text: string | null | undefined) => typeof text === "string" && text !== "" && isErased(text);
  return ({ id, table: handle, key, alive }) => {
    if (rows.has(id)) return true;
    const table = known.get(toHex(handle));
    if (table === undefined || table.keyColumns.length === 0) return textsOf(key).some(isNamed);
    if (table.subjectColumns.length === 0) return false;
    if (patientsRead(table, key).some(isNamed)) return true;
    // Nobody can tell any more whose a row was that is gone, nor where its key named whom.
    if (!alive) return isSilent(table) || parseKeyText(key).some(isNamed);
    const parts = parseKeyText(key);
    return namesPatient(table).some((part) => isNamed(parts[part]));
  };
}

/** Parts of the key that name a patient. */
const namesPatient = (table: TableSchema): readonly number[] =>
  table.keyColumns.flatMap((column, part) => (table.subjectColumns.includes(column) ? [part] : []));

/** What may be a key or a whole row: the texts of both. */
const textsOf = (key: string): readonly (string | null)[] => [...key.split("\t").map(plain), ...parseKeyText(key)];

function plain(field: string): string | null {
  try {
    const value = unescapeField(Buffer.from(field));
    return value === null ? null : (utf8Text(value) ?? null);
  } catch (error) {
    if (codeOf(error) === "capture/malformed-row") return null; // it was a key
    throw error;
  }
}

/** The name of "the rows of this patient" among reads: `column=value`. */
function patientsRead(table: TableSchema, key: string): readonly string[] {
  return table.subjectColumns.flatMap((index) => {
    const column = table.columns[index]?.name;
    return column !== undefined && key.startsWith(`${column}=`) ? [key.slice(column.length + 1)] : [];
  });
}
