/** Tables that the stream describes and that are none of the captured ones: known by number, so that they are no news. */
import type { Client } from "pg";
import { type CatalogOptions, isWanted } from "./catalog.ts";
import { PARTITIONS_SQL, PUBLISHED_OIDS_SQL } from "./catalog-sql.ts";

export interface Aside {
  /** Their rows come under their root, so none comes under their own number. */
  readonly partitions: ReadonlySet<number>;
  /** Names (`schema.table`) of what is published still and excluded by now. */
  readonly excluded: ReadonlyMap<number, string>;
}

export const NOTHING_ASIDE: Aside = { partitions: new Set(), excluded: new Map() };

/** To be read before the tables: then their identity accounts for every partition that is known here. */
export async function readAside(client: Client, publication: string, options: CatalogOptions): Promise<Aside> {
  const partitions = await client.query<{ oid: number }>(PARTITIONS_SQL);
  const published = await client.query<{ oid: number; name: string }>(PUBLISHED_OIDS_SQL, [publication]);
  const excluded = published.rows.filter(({ name }) => !isWanted(name, options));
  return {
    partitions: new Set(partitions.rows.map((row) => row.oid)),
    excluded: new Map(excluded.map(({ oid, name }) => [oid, name])),
  };
}
