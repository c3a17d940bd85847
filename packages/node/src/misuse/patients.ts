/** Whose row is it? From the key where it names the patient, else by asking the database for the rows that were accessed. */
import { parseKeyText, type RowIdentity, splitRow, subjectsOfFields, type TableSchema } from "@anamnesis/capture";
import type { FactsReader } from "./facts-reader.ts";

const STRETCH = 2_000;

/**
 * Patients by key text, for rows of one table. Rows that are gone, about nobody or about several patients have none:
 * the caller counts them.
 */
export async function patientsOfRows(
  reader: FactsReader,
  table: TableSchema,
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
  table: TableSchema,
  keys: readonly string[],
  found: Map<string, string>,
): Promise<ReadonlyMap<string, string>> {
  for (let from = 0; from < keys.length; from += STRETCH) {
    const asked = keys.slice(from, from + STRETCH).flatMap((text) => {
      const parts = parseKeyText(text).filter((part) => part !== null);
      return parts.length === table.keyColumns.length ? [{ text, parts }] : [];
    });
    for (const [key, patient] of await reader.patients(table, asked)) found.set(key, patient);
  }
  return found;
}

/** A key text of the cache, if it stands for that handle; otherwise somebody else would be blamed. */
export function checkedKey(identity: RowIdentity, row: Uint8Array, key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  const handle = identity.handleOfText(key);
  return handle !== undefined && Buffer.compare(handle, row) === 0 ? key : undefined;
}
