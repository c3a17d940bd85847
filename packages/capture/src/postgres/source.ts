/** The PostgreSQL source: puts catalog, publication, slot, snapshot and stream behind the `Source` port. */
import { concat, utf8 } from "@anamnesis/core";
import { captureError } from "../errors.ts";
import type {
  Beside,
  Retention,
  Snapshot,
  Source,
  SourceDescription,
  SourceLife,
  Stream,
  StreamHandler,
} from "../source.ts";
import { hasOwnHandle, isTableHandles } from "../table-names.ts";
import { type Aside, NOTHING_ASIDE, readAside } from "./aside.ts";
import { openBeside } from "./beside.ts";
import { type CatalogOptions, type PgTable, readTables } from "./catalog.ts";
import { Decoder, type DecoderOptions } from "./decoder.ts";
import { serverText } from "./encoding.ts";
import { Endings } from "./endings.ts";
import { Fingerprint } from "./fingerprint.ts";
import { parseLsn } from "./lsn.ts";
import { columnPlace, type KnownKey, keyPlace } from "./places.ts";
import { ensurePublication, objectName, publishedTables } from "./publication.ts";
import { openReplication } from "./replication.ts";
import { connect, leave, withClient } from "./session.ts";
import { createSlot, dropSlot, readSlot, type SlotState } from "./slot.ts";
import { openSnapshot } from "./snapshot.ts";
import { readTimelines } from "./timelines.ts";

export interface PostgresSourceOptions extends CatalogOptions {
  readonly url: string;
  /** The source's name: publication and slot are called `anamnesis_<name>`. */
  readonly name: string;
  /** So long nothing is heard of the server before its connection is given up. Default 30 s. */
  readonly silentMs?: number;
  /** Longest wait for older transactions when a slot is made. */
  readonly slotDeadlineMs?: number;
}

/** A source with what an operator of PostgreSQL wants to see. */
export interface PostgresSource extends Source {
  slot(): Promise<SlotState | undefined>;
}

const SLOT_DEADLINE_MS = 60_000;

/** What a stream is read with: a type made since is looked up when it appears. */
type Decodes = Pick<DecoderOptions, "types" | "xid" | "text">;

export function postgresSource(options: PostgresSourceOptions): PostgresSource {
  return new Postgres(options);
}

class Postgres implements PostgresSource {
  readonly #options: PostgresSourceOptions;
  readonly #name: string;
  readonly #unknownTypes = new Set<number>();
  readonly #unknownTables = new Set<number>();
  readonly #unknownColumns = new Set<string>();
  readonly #generated = new Set<string>();
  readonly #unknownKeys = new Set<string>();
  readonly #keys = new Map<string, KnownKey>();
  readonly #fingerprint: Fingerprint;
  #tables: ReadonlyMap<string, PgTable> = new Map();
  #aside: Aside = NOTHING_ASIDE;
  /** Asked for when a session begins, for the stream that it will open. */
  #decodes: Promise<Decodes> | undefined;
  readonly #endings: Endings;

  constructor(options: PostgresSourceOptions) {
    this.#options = options;
    this.#name = objectName(options.name);
    this.#fingerprint = new Fingerprint(options.primitives);
    this.#endings = new Endings(options.silentMs);
  }

  describe(): SourceDescription {
    return {
      product: "PostgreSQL, logical replication (pgoutput)",
      sees: [
        "every committed insert, update, delete and truncate on the captured tables, with commit time and transaction id",
        "actor and purpose, where the application says them in its transaction (pg_logical_emit_message)",
      ],
      cannotSee: [
        "who wrote, unless the application says so: the stream names no user",
        "reads, unless they are announced with an anamnesis.read message",
        "writes while the table is out of the publication, TRUNCATE of a single partition, attached partitions, rewriting " +
          "DDL: verify finds what they changed",
        "generated columns, and large objects (pg_largeobject)",
      ],
    };
  }

  async life(): Promise<SourceLife> {
    const [system, slot] = await Promise.all([this.#replicationQuery(), this.slot()]);
    const { sha256 } = this.#options.primitives;
    const lifeOn = (timeline: number) => sha256(concat(utf8(`${system.systemid}/${timeline}`))).slice(0, 8);
    return {
      incarnation: lifeOn(system.timeline),
      ancestors: system.history.map(({ timeline, end }) => ({ incarnation: lifeOn(timeline), end })),
      end: parseLsn(system.xlogpos),
      resumeAt: slot === undefined || slot.lost ? undefined : slot.confirmed,
    };
  }

  async retention(): Promise<Retention | undefined> {
    const slot = await this.slot();
    return slot === undefined || slot.lost ? undefined : { bytes: slot.retainedBytes, left: slot.safeBytes };
  }

  slot(): Promise<SlotState | undefined> {
    return withClient(this.#options, (client) => readSlot(client, this.#name));
  }

  async tables(): Promise<readonly PgTable[]> {
    return withClient(this.#options, async (client) => {
      this.#aside = await readAside(client, this.#name, this.#options);
      const all = await readTables(client, this.#options);
      await ensurePublication(client, this.#name, all);
      const usable = all.filter((table) => table.identity !== "nothing");
      if (usable.length === 0) {
        throw captureError("capture/no-tables", "no table can be captured: see `source check`", { seen: all.length });
      }
      for (const { oid, generated } of usable)
        for (const name of generated) this.#generated.add(columnPlace(oid, name));
      this.#learnKeys(usable);
      this.#tables = new Map(usable.map((table) => [table.name, table]));
      return usable;
    });
  }

  async begin(signal: AbortSignal): Promise<Snapshot> {
    return this.#snapshot(this.#name, false, signal);
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    return this.#snapshot(`${this.#name}_tmp_${process.pid}`.slice(0, 63), true, signal);
  }

  beside(): Promise<Beside> {
    this.#decodes = this.#decoding();
    this.#decodes.catch(() => undefined);
    return openBeside(this.#options, {
      tables: () => this.#tables,
      fingerprint: (client) =>
        this.#fingerprint.look(client, async () => ({
          tables: await readTables(client, this.#options),
          published: await publishedTables(client, this.#name),
        })),
    });
  }

  async forget(): Promise<void> {
    await withClient(this.#options, (client) => dropSlot(client, this.#name));
  }

  async stream(
    handler: StreamHandler,
    { signal, until }: { readonly signal: AbortSignal; readonly until?: bigint },
  ): Promise<Stream> {
    const { handles } = this.#options;
    const decodes = this.#decodes ?? this.#decoding();
    this.#decodes = undefined;
    const decoder = new Decoder(
      {
        ...(await decodes),
        tables: this.#tables,
        aside: this.#aside,
        primitives: this.#options.primitives,
        unknownTypes: this.#unknownTypes,
        unknownTables: this.#unknownTables,
        unknownColumns: this.#unknownColumns,
        generated: this.#generated,
        unknownKeys: this.#unknownKeys,
        keys: this.#keys,
        isOnlyItself: (table) => isTableHandles(handles) && hasOwnHandle(table, handles),
      },
      handler,
    );
    const reached = (position: bigint): boolean => until !== undefined && position >= until;
    const isWanted = (lsn: bigint): boolean => !reached(lsn);
    const replication = await openReplication(
      { url: this.#options.url, slot: this.#name, publication: this.#name, signal, endings: this.#endings },
      {
        data(data, at, to) {
          const taken = decoder.take(data, at, to, isWanted);
          return taken !== false && (taken.committed === undefined || !reached(taken.committed));
        },
        keepalive(end) {
          if (decoder.inside) return true;
          handler.idle(end);
          return !reached(end);
        },
      },
    );
    replication.ask();
    return replication;
  }

  /** What was unknown beside another key than the present one may be unknown again. */
  #learnKeys(tables: readonly PgTable[]): void {
    const present = new Set<string>();
    for (const { oid, columns, keyColumns, keyTag } of tables) {
      const names = keyColumns.map((i) => columns[i]?.name ?? "");
      present.add(keyPlace(oid, names));
      this.#keys.set(keyPlace(oid, names), { names, keyTag });
    }
    for (const place of this.#unknownKeys)
      if (!present.has(place.slice(place.indexOf(" [") + 1))) this.#unknownKeys.delete(place);
  }

  async close(): Promise<void> {
    this.#tables = new Map();
  }

  async #snapshot(slot: string, temporary: boolean, signal: AbortSignal): Promise<Snapshot> {
    const deadlineMs = this.#options.slotDeadlineMs ?? SLOT_DEADLINE_MS;
    const made = await createSlot(this.#options, { name: slot, temporary, deadlineMs, signal });
    return openSnapshot(this.#options, made, this.#tables);
  }

  async #replicationQuery() {
    const client = await connect({ url: this.#options.url, replication: true });
    try {
      const { rows } = await client.query<{ systemid: string; timeline: number; xlogpos: string }>("IDENTIFY_SYSTEM");
      const row = rows[0];
      if (row === undefined) throw captureError("capture/stream-failed", "the database does not identify itself");
      return { ...row, history: row.timeline > 1 ? await readTimelines(client, row.timeline) : [] };
    } finally {
      await leave(client);
    }
  }

  async #decoding(): Promise<Decodes> {
    return withClient(this.#options, async (client) => {
      const { rows } = await client.query<{ oid: number; name: string }>(
        `SELECT t.oid::int8::float8 AS oid, n.nspname || '.' || t.typname AS name
           FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`,
      );
      const next = await client.query<{ xid: string; encoding: string }>(
        `SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS xid,
                pg_catalog.current_setting('server_encoding') AS encoding`,
      );
      const types = new Map(rows.map((r) => [r.oid, r.name]));
      const { xid = "3", encoding = "UTF8" } = next.rows[0] ?? {};
      return { types, xid: BigInt(xid), text: serverText(encoding) };
    });
  }
}
