/** Whose row is it? From the key where it names the patient, else by asking the database for the rows that were accessed. */
import {
  type PgTable,
  parseKeyText,
  quoteName,
  type RowIdentity,
  splitRow,
  subjectsOfFields,
} from "@anamnesis/capture";
import type { FactsReader } from "./sql.ts";

const STRETCH = 2_000;

/**
 * Patients by key text, for rows of one table. Rows that are gone, about nobody or about several patients have none:
 * the caller counts them.
 */
export async function patientsOfRows(
  reader: FactsReader,
  table: PgTable,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const [subject] = table.subjectColumns;
  if (subject === undefined || table.subjectColumns.length > 1) return found;
  if (table.keyColumns.length === 0) {
    for (const key of keys) {
      const [patient] = subjectsOfFields(table, splitRow(Buffer.from(key)));
      if (patient !== undefined) found.set(key, patient);
    }
    return found;
  }
  const place = table.keyColumns.indexOf(subject);
  if (place < 0) return ask(reader, table, keys, found);
  for (const key of keys) {
    const patient = parseKeyText(key)[place];
    if (typeof patient === "string") found.set(key, patient);
  }
  return found;
}

async function ask(
  reader: FactsReader,
  table: PgTable,
  keys: readonly string[],
  found: Map<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const sql = queryOf(table);
  for (let from = 0; from < keys.length; from += STRETCH) {
    const asked = keys.slice(from, from + STRETCH).map((key) => [key, parseKeyText(key)] as const);
    const whole = asked.filter(([, parts]) => parts.length === table.keyColumns.length && !parts.includes(null));
    const lists = [
      whole.map(([key]) => key),
      ...table.keyColumns.map((_, i) => whole.map(([, parts]) => parts[i] ?? "")),
    ];
    for (const [key, patient] of await reader.lookUp(sql, lists)) if (key && patient) found.set(key, patient);
  }
  return found;
}

/** Typed lists, so that the table's own index finds the rows. */
function queryOf(table: PgTable): string {
  const columns = table.keyColumns.map((i) => table.columns[i]);
  const subject = table.columns[table.subjectColumns[0] ?? -1];
  const lists = columns.map((_, i) => `$${i + 2}::text[]`).join(", ");
  const names = columns.map((_, i) => `k${i}`).join(", ");
  const on = columns.map((c, i) => `t.${quoteName(c?.name ?? "")} = u.k${i}::${typeName(c?.type ?? "")}`);
  return (
    `SELECT u.key, t.${quoteName(subject?.name ?? "")}::text FROM unnest($1::text[], ${lists}) AS u(key, ${names}) ` +
    `JOIN ${quoteName(table.schema)}.${quoteName(table.relation)} t ON ${on.join(" AND ")}`
  );
}

function typeName(qualified: string): string {
  const dot = qualified.indexOf(".");
  return `${quoteName(qualified.slice(0, dot))}.${quoteName(qualified.slice(dot + 1))}`;
}

/** A key text of the cache, if it stands for that handle; otherwise somebody else would be blamed. */
export function checkedKey(identity: RowIdentity, row: Uint8Array, key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  const handle = identity.handleOfText(key);
  return handle !== undefined && Buffer.compare(handle, row) === 0 ? key : undefined;
}
