/** Facts from PostgreSQL. */
import { connect, quoteName, sqlState, type TableSchema } from "@anamnesis/capture";
import { columnsFrom, type FactsReader, nameParts, type Row, refused } from "./facts-reader.ts";

const STRETCH = 5_000;
const COLUMNS_SQL =
  "SELECT table_schema || '.' || table_name, column_name, udt_name FROM information_schema.columns " +
  "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, ordinal_position";

export async function openPostgresReader(url: string): Promise<FactsReader> {
  const client = await connect({ url });
  const asText = { getTypeParser: () => (value: string) => value };
  const query = (text: string, values: unknown[] = []) =>
    client.query<(string | null)[]>({ text, values, rowMode: "array", types: asText });
  const end = () => client.end().catch(() => undefined);
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  } catch (cause) {
    await end();
    throw cause;
  }
  return {
    dialect: (sql) => sql,
    close: end,
    columns: async () => columnsFrom((await query(COLUMNS_SQL)).rows),
    async patients(table, keys) {
      const lists = [keys.map((k) => k.text), ...table.keyColumns.map((_, i) => keys.map((k) => k.parts[i] ?? ""))];
      const { rows } = await query(patientsSql(table), lists);
      return rows.flatMap(([key, patient]) => (key && patient ? [[key, patient] as const] : []));
    },
    async rows(what, sql, take) {
      try {
        // A cursor takes nothing but a query, and keeps memory flat.
        await client.query(`DECLARE facts NO SCROLL CURSOR FOR ${sql}`);
        for (let first = true, more = true; more; first = false) {
          const { rows, fields } = await query(`FETCH ${STRETCH} FROM facts`);
          hand(rows, first, fields, take);
          more = rows.length === STRETCH;
        }
        await client.query("CLOSE facts");
      } catch (cause) {
        const state = sqlState(cause);
        throw state?.length === 5 ? refused(what, state, cause) : cause;
      }
    },
  };
}

function hand(
  rows: readonly Row[],
  first: boolean,
  fields: readonly { readonly name: string }[],
  take: (row: Row, names: readonly string[]) => void,
): void {
  const names = fields.map((field) => field.name);
  if (rows.length === 0 && first) take([], names);
  for (const row of rows) take(row, names);
}

/** Typed lists, so that the table's own index finds the rows. */
function patientsSql(table: TableSchema): string {
  const columns = table.keyColumns.map((i) => table.columns[i]);
  const subject = table.columns[table.subjectColumns[0] ?? -1];
  const lists = columns.map((_, i) => `$${i + 2}::text[]`).join(", ");
  const names = columns.map((_, i) => `k${i}`).join(", ");
  const on = columns.map((c, i) => `t.${quoteName(c?.name ?? "")} = u.k${i}::${quoted(c?.type ?? "")}`);
  return (
    `SELECT u.key, t.${quoteName(subject?.name ?? "")}::text FROM unnest($1::text[], ${lists}) AS u(key, ${names}) ` +
    `JOIN ${quoted(table.name)} t ON ${on.join(" AND ")}`
  );
}

const quoted = (qualified: string): string => nameParts(qualified).map(quoteName).join(".");
