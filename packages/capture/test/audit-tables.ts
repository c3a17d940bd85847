/** Tables for the tests of reads. */
import type { TableSchema } from "../src/source.ts";

export function auditTable(
  name: string,
  columns: readonly (readonly [name: string, type: string])[],
  keyColumns: readonly number[],
  subjectColumns: readonly number[] = [],
): TableSchema {
  return {
    name,
    handle: Buffer.from(name.padEnd(8, ".").slice(-8)),
    schemaId: new Uint8Array(8),
    columns: columns.map(([column, type]) => ({
      name: column,
      type: `pg_catalog.${type}`,
      modifier: -1,
      large: false,
    })),
    keyColumns,
    subjectColumns,
    identity: "full",
    estimate: 0,
  };
}
