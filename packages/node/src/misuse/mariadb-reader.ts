/** Facts from MariaDB. */
import { connectMariadb, hangUp, type TableSchema } from "@anamnesis/capture";
import { type AskedKey, columnsFrom, type FactsReader, nameParts, type Row, refused } from "./facts-reader.ts";

/** What an answer can be asked for while it comes in. */
type Take = (row: Row, names: readonly string[]) => void;

const COLUMNS_SQL =
  "SELECT CONCAT(table_schema, '.', table_name), column_name, data_type FROM information_schema.columns " +
  "WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1, ordinal_position";

export async function openMariadbReader(url: string): Promise<FactsReader> {
  const connection = await connectMariadb({ url });
  const each = (sql: string, values: readonly string[], take: Take): Promise<void> =>
    new Promise((resolve, reject) => {
      let names: readonly string[] = [];
      let rows = 0;
      connection
        .query({ sql, values: [...values], rowsAsArray: true, typeCast: (field) => field.string("utf8") })
        // A statement without a result has no fields.
        .on("fields", (fields: readonly { readonly name: string }[] | undefined) => {
          names = (fields ?? []).map((field) => field.name);
        })
        .on("result", (row: unknown) => {
          rows++;
          if (Array.isArray(row)) take(row as (string | null)[], names);
        })
        .on("error", reject)
        .on("end", () => {
          if (rows === 0) take([], names);
          resolve();
        });
    });
  const all = async (sql: string, values: readonly string[] = []): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    await each(sql, values, (row) => rows.push(row));
    return rows;
  };
  await all("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  return {
    dialect: (sql) => sql.replaceAll('"', "`"),
    columns: async () => columnsFrom(await all(COLUMNS_SQL)),
    async patients(table, keys) {
      const texts = new Map(keys.map(({ parts, text }) => [JSON.stringify(parts), text]));
      const rows = await all(
        patientsSql(table, keys),
        keys.flatMap((key) => key.parts),
      );
      return rows.flatMap((row) => {
        const [patient] = row;
        const key = texts.get(JSON.stringify(row.slice(1)));
        return patient && key !== undefined ? [[key, patient] as const] : [];
      });
    },
    async rows(what, sql, take) {
      try {
        await each(sql, [], take);
      } catch (cause) {
        throw isRefusal(cause) ? refused(what, cause.sqlState, cause) : cause;
      }
    },
    close() {
      hangUp(connection);
      return Promise.resolve();
    },
  };
}

const isRefusal = (error: unknown): error is Error & { readonly sqlState: string } =>
  error instanceof Error && "sqlState" in error && typeof error.sqlState === "string";

function patientsSql(table: TableSchema, keys: readonly AskedKey[]): string {
  const name = (i: number | undefined) => quoted(table.columns[i ?? -1]?.name ?? "");
  const columns = table.keyColumns.map(name).join(", ");
  const tuple = `(${table.keyColumns.map(() => "?").join(", ")})`;
  return (
    `SELECT ${name(table.subjectColumns[0])}, ${columns} FROM ${nameParts(table.name).map(quoted).join(".")} ` +
    `WHERE (${columns}) IN (${keys.length === 0 ? tuple.replaceAll("?", "NULL") : keys.map(() => tuple).join(", ")})`
  );
}

const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
