/** Captured tables by the names that a log uses: `schema.table` as PostgreSQL prints it, partitions as their root. */
import type { TableSchema } from "../source.ts";

/** What the PostgreSQL source adds to a table; another source has no partitions to tell. */
interface Carried extends TableSchema {
  readonly carriers?: readonly { readonly schema: string; readonly relation: string }[];
}

export class AuditTables {
  readonly #byName = new Map<string, TableSchema>();

  constructor(tables: readonly Carried[] = []) {
    for (const table of tables) {
      this.#byName.set(table.name, table);
      for (const { schema, relation } of table.carriers ?? []) this.#byName.set(`${schema}.${relation}`, table);
    }
  }

  find(schema: string, relation: string): TableSchema | undefined {
    return this.#byName.get(`${schema}.${relation}`);
  }

  /** By a printed name: `public.patients`, `"Odd".notes`. */
  printed(name: string): { readonly table: TableSchema; readonly relation: string } | undefined {
    const parts = /^(?:"((?:[^"]|"")+)"|([^".]+))\.(?:"((?:[^"]|"")+)"|([^".]+))$/.exec(name);
    if (parts === null) return undefined;
    const [schema, relation] = [unquoted(parts[1], parts[2]), unquoted(parts[3], parts[4])];
    const table = this.find(schema, relation);
    return table === undefined ? undefined : { table, relation };
  }

  /** Tables with one of these names, in whatever schema. */
  *named(words: ReadonlySet<string>): Generator<TableSchema> {
    const found = new Set<TableSchema>();
    for (const [name, table] of this.#byName) {
      if (found.has(table) || !words.has(name.slice(name.indexOf(".") + 1))) continue;
      found.add(table);
      yield table;
    }
  }
}

const unquoted = (quoted: string | undefined, plain: string | undefined): string =>
  quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"');
