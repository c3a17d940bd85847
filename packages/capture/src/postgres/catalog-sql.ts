/** Catalog queries (PostgreSQL 14 and later). Every name is qualified: the search path is empty. */

const hasVirtual = (table: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${table}.oid AND a.attgenerated = 'v' AND NOT a.attisdropped)`;

/**
 * What the replica identity is worth: `pg_class.relreplident`, or `n` where the server would refuse the owner's UPDATE
 * once the table is published. That is so without the index it names, with a deferrable primary key, and (PostgreSQL 18)
 * with FULL and a virtual generated column, which cannot be published.
 */
const worth = (table: string): string => `
       CASE WHEN ${table}.relreplident = 'f' AND NOT ${hasVirtual(table)} THEN 'f'
            WHEN ${table}.relreplident IN ('d', 'i') AND EXISTS (
                 SELECT FROM pg_catalog.pg_index i
                  WHERE i.indrelid = ${table}.oid AND i.indimmediate AND i.indisvalid
                    AND CASE WHEN ${table}.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END)
            THEN ${table}.relreplident ELSE 'n' END AS identity, ${hasVirtual(table)} AS virtual`;

/**
 * Ordinary and partitioned tables with columns, key and single-column foreign keys. Generated columns are left out. The
 * key is the replica identity's index where one is set, else the primary key; a deferrable one is none, for two rows may
 * share its value in the middle of a transaction.
 */
const catalogSql = (only: string): string => `
SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS relation, c.relkind AS kind,
       c.relpersistence = 'u' AS unlogged,${worth("c")},
       CASE WHEN c.relkind = 'p'
            THEN (SELECT coalesce(sum(greatest(l.reltuples, 0)), 0)::float8
                    FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid
                   WHERE t.isleaf)
            ELSE greatest(c.reltuples, 0)::float8 END AS estimate,
       coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                   'name', a.attname, 'type', tn.nspname || '.' || t.typname, 'modifier', a.atttypmod,
                   'large', a.attlen = -1, 'number', a.attnum,
                   'cast', pg_catalog.format_type(a.atttypid, a.atttypmod),
                   'labels', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.oid::int8, e.enumlabel)
                                                         ORDER BY e.enumsortorder)
                                FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)) ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                   JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]'::json)
         AS columns,
       coalesce((SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = 's'), '[]'::json)
         AS generated,
       (SELECT pg_catalog.json_agg(k.number ORDER BY k.place)
          FROM pg_catalog.pg_index i, LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
         WHERE i.indrelid = c.oid AND i.indimmediate AND k.place <= i.indnkeyatts
           AND CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END) AS key,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                 'column', a.attname, 'schema', fn.nspname, 'relation', f.relname, 'target', fa.attname))
          FROM pg_catalog.pg_constraint o
          JOIN pg_catalog.pg_class f ON f.oid = o.confrelid
          JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
          JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = o.conkey[1]
          JOIN pg_catalog.pg_attribute fa ON fa.attrelid = o.confrelid AND fa.attnum = o.confkey[1]
         WHERE o.conrelid = c.oid AND o.contype = 'f' AND pg_catalog.cardinality(o.conkey) = 1) AS refs
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence IN ('p', 'u')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'${only}
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

export const CATALOG_SQL = catalogSql("");
/** Of one table: `$1` is its number. */
export const TABLE_SQL = catalogSql(" AND c.oid = $1::int8::oid");

/** The leaf partitions of every partition root, with their replica identity. */
export const LEAVES_SQL = `
SELECT c.oid::int8::float8 AS root, n.nspname AS schema, l.relname AS relation,${worth("l")}
  FROM pg_catalog.pg_class c
  CROSS JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) t
  JOIN pg_catalog.pg_class l ON l.oid = t.relid
  JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace
 WHERE c.relkind = 'p' AND NOT c.relispartition AND t.isleaf AND l.relkind = 'r'
 ORDER BY n.nspname COLLATE "C", l.relname COLLATE "C"`;

/** Every partition, also those that are partitioned themselves. */
export const PARTITIONS_SQL = `
SELECT c.oid::int8::float8 AS oid FROM pg_catalog.pg_class c WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')`;

/** Tables that a publication names, `$1`. */
export const PUBLISHED_OIDS_SQL = `
SELECT c.oid::int8::float8 AS oid, n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_publication p
  JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE p.pubname = $1`;

/** Tables and partitions whose writes are not in the server's log, each with the table that it counts as. */
export const UNLOGGED_SQL = `
SELECT n.nspname || '.' || c.relname AS name, rn.nspname || '.' || r.relname AS root
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
 WHERE c.relpersistence = 'u' AND (c.relkind = 'r' OR c.relkind = 'p' AND NOT c.relispartition)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;
