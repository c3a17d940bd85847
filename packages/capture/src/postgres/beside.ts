/**
 * Reading tables beside the stream (after DBLog, Andreakis and Papapanagiotou, Netflix 2020): each slice in a short
 * transaction of its own, a stretch of the heap wide, with a marker in the log behind its snapshot.
 *
 * A stretch is told by its first block (`ctid`), which needs no key. Rows that move from one stretch to another meanwhile do
 * so by an update, which the stream tells; and where the table is rewritten (VACUUM FULL), its file has another number, and
 * reading starts over.
 */
import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { CastRefused } from "../layout.ts";
import type { Visibility } from "../row-index.ts";
import type { Beside, Slice, SliceRequest, TableSchema } from "../source.ts";
import { verifyError } from "../verify/errors.ts";
import { type PgTable, qualified, readShape, shapeOf } from "./catalog.ts";
import { copyRows } from "./copy.ts";
import type { Look } from "./fingerprint.ts";
import { isNoValue, keyCondition, lockTable, putMarker } from "./one-table.ts";
import { type ConnectOptions, connect, leave, quoteName, sqlState } from "./session.ts";
import { readMoment } from "./visibility.ts";

/** The hospital's own work comes first: a table held for longer is tried again later. */
const LOCK_MS_MAX = 2_000;
const BLOCKS_MIN = 8;
const BLOCKS_MAX = 65_536;
/** As servers are built unless somebody asked for other blocks. */
const BLOCK_BYTES = 8_192;
/** Rows per block where the statistics know nothing yet. */
const DENSITY = 60;

/** What belongs to the source as a whole. */
export interface BesideContext {
  readonly tables: () => ReadonlyMap<string, PgTable>;
  readonly fingerprint: (client: Client) => Promise<Look>;
}

export async function openBeside(options: ConnectOptions, context: BesideContext): Promise<Beside> {
  const reader = await connect(options);
  try {
    return new PgBeside(reader, await connect(options), context);
  } catch (error) {
    await leave(reader);
    throw error;
  }
}

class PgBeside implements Beside {
  readonly #reader: Client;
  readonly #marker: Client;
  readonly #context: BesideContext;

  constructor(reader: Client, marker: Client, context: BesideContext) {
    this.#reader = reader;
    this.#marker = marker;
    this.#context = context;
  }

  fingerprint(): Promise<Look> {
    return this.#context.fingerprint(this.#marker);
  }

  async open(table: TableSchema, request: SliceRequest): Promise<Slice | undefined> {
    const known = this.#context.tables().get(table.name);
    if (known === undefined) return undefined;
    const client = this.#reader;
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      const slice = await this.#open(known, request);
      if (slice === undefined) await client.query("ROLLBACK");
      return slice;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async bytes(table: TableSchema): Promise<number> {
    const known = this.#context.tables().get(table.name);
    if (known === undefined) return 0;
    const leaves = await readLeaves(this.#marker, known);
    return leaves.reduce((sum, leaf) => sum + leaf.blocks, 0) * BLOCK_BYTES;
  }

  async close(): Promise<void> {
    await Promise.all([leave(this.#reader), leave(this.#marker)]);
  }

  async #open(table: PgTable, request: SliceRequest): Promise<Slice | undefined> {
    const client = this.#reader;
    if (!(await lockTable(client, table, LOCK_MS_MAX))) return undefined;
    const { visibility, time } = await readMoment(client);
    const token = randomUUID();
    // Behind the snapshot, on a connection of its own: nobody waits for it here.
    const marker = putMarker(this.#marker, token);
    marker.catch(() => undefined); // told below, unless the table is another one
    if ((await readShape(client, table.oid)) !== shapeOf(table)) return undefined;
    const stretch = await readStretch(client, table, request);
    const { xid, lsn } = await marker;
    return new PgSlice(client, { ...{ table, request, visibility, time, token, xid, stretch }, position: lsn });
  }
}

interface SliceParts {
  readonly table: PgTable;
  readonly request: SliceRequest;
  readonly visibility: Visibility;
  readonly xid: bigint;
  readonly token: string;
  readonly position: bigint;
  readonly time: number;
  readonly stretch: Stretch;
}

class PgSlice implements Slice {
  readonly visibility: Visibility;
  readonly xid: bigint;
  readonly token: string;
  readonly position: bigint;
  readonly time: number;
  readonly next: string | undefined;
  readonly #client: Client;
  readonly #parts: SliceParts;

  constructor(client: Client, parts: SliceParts) {
    this.#client = client;
    this.#parts = parts;
    this.visibility = parts.visibility;
    this.xid = parts.xid;
    this.token = parts.token;
    this.position = parts.position;
    this.time = parts.time;
    this.next = parts.stretch.next;
  }

  async rows(onRow: (row: Uint8Array) => void | Promise<void>, signal: AbortSignal): Promise<number> {
    const { table, request, stretch } = this.#parts;
    try {
      return await copyRows(this.#client, selectSlice(table, request, stretch), onRow, signal);
    } catch (cause) {
      const state = sqlState(cause) ?? "";
      if ((request.casts ?? []).length > 0 && /^(?:22|42)/.test(state)) throw new CastRefused();
      if (request.key === undefined || !isNoValue(state)) throw cause;
      throw verifyError("capture/malformed-key", "the database cannot read the key as its columns' types", {
        table: table.name,
      });
    }
  }

  async close(): Promise<void> {
    await this.#client.query("ROLLBACK").catch(() => undefined);
  }
}

interface Stretch {
  /** Where the rows are read from, with `ONLY` where needed, and on which condition. */
  readonly from: string;
  readonly where: string;
  readonly next: string | undefined;
}

/** One file of the table, and how far one slice of it goes. */
interface Leaf {
  readonly oid: number;
  readonly file: number;
  readonly name: string;
  readonly blocks: number;
  readonly density: number;
}

async function readStretch(client: Client, table: PgTable, request: SliceRequest): Promise<Stretch> {
  if (request.rows === undefined) {
    const from = `${table.partitioned ? "" : "ONLY "}${qualified(table)}`;
    return {
      from,
      where: request.key === undefined ? "" : ` WHERE ${keyCondition(table, request.key)}`,
      next: undefined,
    };
  }
  const leaves = await readLeaves(client, table);
  const [oid, file, block] = (request.from ?? "0 0 0").split(" ").map(Number);
  const at = leaves.findIndex((leaf) => leaf.oid >= (oid ?? 0));
  const leaf = leaves[at];
  if (leaf === undefined) return { from: `ONLY ${qualified(table)}`, where: " WHERE false", next: undefined };
  const first = leaf.oid === oid && leaf.file === file ? (block ?? 0) : 0;
  const width = Math.min(BLOCKS_MAX, Math.max(BLOCKS_MIN, Math.ceil(request.rows / leaf.density)));
  const end = first + width;
  const following = leaves[at + 1];
  const next =
    end < leaf.blocks
      ? `${leaf.oid} ${leaf.file} ${end}`
      : following === undefined
        ? undefined
        : `${following.oid} ${following.file} 0`;
  return {
    from: `ONLY ${leaf.name}`,
    where: ` WHERE ctid >= '(${first},0)' AND ctid < '(${end},0)'`,
    next,
  };
}

async function readLeaves(client: Client, table: PgTable): Promise<readonly Leaf[]> {
  const { rows } = await client.query<{
    readonly oid: number;
    readonly file: number;
    readonly schema: string;
    readonly relation: string;
    readonly blocks: number;
    readonly density: number | null;
  }>(
    `SELECT l.oid::int8::float8 AS oid, pg_catalog.pg_relation_filenode(l.oid)::int8::float8 AS file,
            n.nspname AS schema, l.relname AS relation,
            (pg_catalog.pg_relation_size(l.oid) / pg_catalog.current_setting('block_size')::int8)::float8 AS blocks,
            CASE WHEN l.relpages > 0 AND l.reltuples > 0 THEN (l.reltuples / l.relpages)::float8 END AS density
       FROM pg_catalog.pg_class l JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace
      WHERE l.relkind = 'r' AND l.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1::int8::oid)
                                          UNION ALL SELECT $1::int8::oid)
      ORDER BY l.oid`,
    [table.oid],
  );
  return rows.map(({ schema, relation, density, ...leaf }) => ({
    ...leaf,
    name: qualified({ schema, relation }),
    density: Math.max(1, density ?? DENSITY),
  }));
}

/** Casts are appended; each is NULL where the way back does not give the same value again. */
function selectSlice(table: PgTable, { casts = [] }: SliceRequest, { from, where }: Stretch): string {
  const columns = table.columns.map((c) => quoteName(c.name));
  const text = (expression: string) => `(${expression})::pg_catalog.text`;
  for (const { from: index, type } of casts) {
    const column = table.columns[index];
    if (column?.cast === undefined) throw captureError("capture/malformed-row", "a cast of a column that is not there");
    const name = quoteName(column.name);
    const back = `(${name}::${type})::${column.cast}`;
    columns.push(`CASE WHEN ${text(back)} = ${text(name)} THEN ${name}::${type} END`);
  }
  return `SELECT ${columns.join(", ")} FROM ${from}${where}`;
}
