/** Tables whose keys consist of every type that can be one. */
import { withClient } from "@anamnesis/capture";
import type { TypeCase } from "./cases.ts";

export interface KeyTable {
  readonly table: string;
  readonly columns: readonly TypeCase[];
}

/** PostgreSQL allows 32 columns in an index. */
const COLUMNS_MAX = 30;
/** Every type has two samples that are not too large for an index. */
const ROWS = 2;

/** Makes the tables `ward.keys_0`, … and fills them; types without an order cannot be keys and are left out. */
export async function makeKeyTables(url: string, cases: readonly TypeCase[]): Promise<readonly KeyTable[]> {
  return withClient({ url }, async (client) => {
    const able: TypeCase[] = [];
    for (const each of cases.filter((c) => c.values.length > 1)) {
      try {
        const rows = each.values.slice(0, ROWS).map((value) => `INSERT INTO ward.trial VALUES (${value});`);
        await client.query(`CREATE TABLE ward.trial (k ${each.type} PRIMARY KEY); ${rows.join("")}
          SELECT (k::text)::${each.type} FROM ward.trial; DROP TABLE ward.trial`);
        able.push(each);
      } catch {
        // No order for the type, the two are equal in it, or it cannot be read from text: nobody's key.
      }
    }
    const tables: KeyTable[] = [];
    for (let at = 0; at < able.length; at += COLUMNS_MAX) {
      const columns = able.slice(at, at + COLUMNS_MAX);
      const table = `ward.keys_${tables.length}`;
      await client.query(createSql(table, columns));
      tables.push({ table, columns });
    }
    return tables;
  });
}

function createSql(table: string, columns: readonly TypeCase[]): string {
  const names = columns.map((_, i) => `k${i}`);
  const row = (i: number): string => columns.map((c) => c.values[i] ?? "NULL").join(", ");
  return `CREATE TABLE ${table} (n int, ${columns.map((c, i) => `k${i} ${c.type}`).join(", ")}, PRIMARY KEY (${names.join(", ")}));
    ALTER TABLE ${table} REPLICA IDENTITY FULL;
    ${Array.from({ length: ROWS }, (_, i) => `INSERT INTO ${table} VALUES (${i}, ${row(i)});`).join(" ")}`;
}
