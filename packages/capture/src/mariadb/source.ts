/** The MariaDB source: puts catalog, snapshot, binary log and the note of our place behind the `Source` port. */
import { concat, utf8 } from "@anamnesis/core";
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import type { Beside, Snapshot, Source, SourceDescription, SourceLife, Stream, StreamHandler } from "../source.ts";
import { openMariaBeside } from "./beside.ts";
import { Cascades, followedKeys } from "./cascades.ts";
import { type CatalogOptions, type MariaTable, readCharsets } from "./catalog.ts";
import { Children } from "./children.ts";
import { databaseOf, withMariadb } from "./connect.ts";
import { Decoder, LostSignal } from "./decoder.ts";
import { openDump } from "./dump.ts";
import { feedChildren } from "./feed-children.ts";
import { commitPosition, endPosition, formatGtid, parseGtid } from "./gtid.ts";
import { Marks } from "./marks.ts";
import type { PositionMemory } from "./memory.ts";
import { explained } from "./problems.ts";
import { readTexts } from "./result.ts";
import { requireSettings } from "./settings.ts";
import { readSettledTables } from "./settled.ts";
import { beginSnapshot, binlogPosition, openMariaSnapshot } from "./snapshot.ts";

export interface MariadbSourceOptions extends CatalogOptions {
  /** `mariadb://user:password@host:port/database`; without a database, all of the server. */
  readonly url: string;
  readonly memory: PositionMemory;
  /** File for what foreign keys need to know; absent: not kept from one run to the next. */
  readonly children?: string;
}

export function mariadbSource(options: MariadbSourceOptions): Source {
  return new Mariadb(options);
}

class Mariadb implements Source {
  readonly #options: MariadbSourceOptions;
  readonly #database: string | undefined;
  readonly #asked = new Set<string>();
  #tables: ReadonlyMap<string, MariaTable> = new Map();
  #openChildren: Children | undefined;

  constructor(options: MariadbSourceOptions) {
    this.#options = options;
    this.#database = databaseOf(options.url);
  }

  describe(): SourceDescription {
    return describeMariadb;
  }

  async life(): Promise<SourceLife> {
    const { primitives, memory } = this.#options;
    const { newest, domain } = await withMariadb(this.#options, async (connection) => {
      const [row] = await readTexts(connection, "SELECT @@GLOBAL.gtid_domain_id");
      const newest = parseGtid(await binlogPosition(connection));
      return { newest, domain: newest?.domain ?? Number(row?.[0] ?? 0) };
    });
    const end = endPosition(newest?.sequence ?? 0n);
    const remembered = memory.read();
    const resumeAt = remembered === undefined ? undefined : endPosition(remembered.at?.sequence ?? 0n);
    const usable = resumeAt !== undefined && remembered?.lost === false && resumeAt <= end;
    return {
      incarnation: primitives.sha256(concat(utf8(`mariadb/domain/${domain}`))).slice(0, 8),
      end,
      resumeAt: usable ? resumeAt : undefined,
    };
  }

  async tables(): Promise<readonly MariaTable[]> {
    return withMariadb(this.#options, (connection) =>
      explained("read its catalog", async () => {
        const all = await this.#read(connection, undefined);
        const usable = all.filter((table) => table.identity !== "nothing");
        if (usable.length === 0)
          throw captureError("capture/no-tables", "no table can be captured: see `source check`", { seen: all.length });
        this.#tables = new Map(usable.map((table) => [table.name, table]));
        await this.#remember(connection);
        await this.#feed(connection, true);
        return usable;
      }),
    );
  }

  async begin(_signal: AbortSignal): Promise<Snapshot> {
    await withMariadb(this.#options, (connection) => explained("read its settings", () => requireSettings(connection)));
    this.#children.reset();
    const snapshot = await openMariaSnapshot(this.#options, this.#tables, (connection) =>
      this.#feed(connection, false),
    );
    const since = snapshot.gtid?.sequence ?? 0n;
    this.#options.memory.write({
      ...{ at: snapshot.gtid, check: undefined, lost: false },
      tables: new Map([...this.#tables.keys()].map((name) => [name, since])),
    });
    return snapshot;
  }

  async snapshot(_signal: AbortSignal): Promise<Snapshot> {
    return openMariaSnapshot(this.#options, this.#tables);
  }

  beside(): Promise<Beside> {
    return openMariaBeside({
      url: this.#options.url,
      primitives: this.#options.primitives,
      tables: () => this.#tables,
      read: (connection, before) => this.#read(connection, before),
    });
  }

  async forget(): Promise<void> {
    this.#options.memory.write(undefined);
  }

  async stream(
    handler: StreamHandler,
    { signal, until }: { readonly signal: AbortSignal; readonly until?: bigint },
  ): Promise<Stream> {
    const remembered = this.#options.memory.read();
    if (remembered === undefined) throw captureError("capture/slot-lost", "no place in the binary log is remembered");
    const reached = (position: bigint): boolean => until !== undefined && position >= until;
    const start = await withMariadb(this.#options, async (connection) => ({
      charsets: await readCharsets(connection),
      newest: parseGtid(await binlogPosition(connection)),
      domain: Number((await readTexts(connection, "SELECT @@GLOBAL.gtid_domain_id"))[0]?.[0] ?? 0),
    }));
    this.#children.rewind(remembered.at?.sequence ?? 0n);
    const marks = new Marks(this.#options.memory, remembered, () => this.#children.flush());
    const decoder = new Decoder(
      {
        ...{ tables: this.#tables, since: remembered.tables, charsets: start.charsets, asked: this.#asked },
        primitives: this.#options.primitives,
        cascades: new Cascades(this.#tables, this.#children),
        domain: start.newest?.domain ?? start.domain,
        wanted: (group) => !reached(commitPosition(group.sequence)),
        onGroup: (group, digest) => marks.group(group, digest, decoder.oldestPrepared),
      },
      handler,
    );
    const from = endPosition(remembered.at?.sequence ?? 0n);
    const after = marks.start;
    const dump = await openDump(
      { url: this.#options.url, after: after === undefined ? "" : formatGtid(after), signal },
      {
        event(buffer, at, end) {
          if (marks.checking) return marks.check(buffer, at, end);
          return decoder.take(buffer, at, end) && (decoder.inside || !reached(marks.passed));
        },
        acknowledge: (position) => marks.acknowledge(position),
      },
    );
    // The server tells nothing when there is nothing: so the beginning is told here.
    if ((start.newest?.sequence ?? 0n) <= (remembered.at?.sequence ?? 0n)) handler.idle(from);
    if (reached(from)) dump.end();
    return withLoss(dump, marks);
  }

  async close(): Promise<void> {
    this.#openChildren?.close();
    this.#openChildren = undefined;
    this.#tables = new Map();
  }

  #read(connection: Connection, before: string | undefined): Promise<readonly MariaTable[]> {
    const known = [...(this.#options.memory.read()?.tables.keys() ?? []), ...this.#tables.keys()];
    return readSettledTables(connection, { ...this.#options, database: this.#database, known, before });
  }

  get #children(): Children {
    this.#openChildren ??= new Children(this.#options.children ?? ":memory:", this.#options.primitives);
    return this.#openChildren;
  }

  /** Reads who refers to whom, for foreign keys that were not met yet. `alone`: not inside a snapshot of somebody else. */
  async #feed(connection: Connection, alone: boolean): Promise<void> {
    if (alone && this.#options.memory.read() === undefined) return;
    const unmet = followedKeys(this.#tables).filter((key) => !this.#children.isFed(key.name));
    if (unmet.length === 0) return;
    if (alone) await beginSnapshot(connection);
    for (const key of unmet) await feedChildren(connection, this.#tables, key, this.#children);
    if (alone) await readTexts(connection, "ROLLBACK");
    this.#children.flush();
  }

  /**
   * Tables that are captured from now on; those that are no longer captured are forgotten. "Now" is what a snapshot sees: a
   * later one sees that as well, and the stream tells the rest.
   */
  async #remember(connection: Connection): Promise<void> {
    const { memory } = this.#options;
    const known = memory.read();
    if (known === undefined) return;
    const names = [...this.#tables.keys()];
    const fresh = names.some((name) => !known.tables.has(name));
    if (!fresh && names.length === known.tables.size) return;
    const now = fresh ? ((await beginSnapshot(connection))?.sequence ?? 0n) : 0n;
    await readTexts(connection, "ROLLBACK");
    memory.write({ ...known, tables: new Map(names.map((name) => [name, known.tables.get(name) ?? now])) });
  }
}

/** A log that cannot be followed is noted as lost: the next session declares what was missed. */
function withLoss(stream: Stream, marks: Marks): Stream {
  const done = stream.done.then(
    () => marks.save(),
    (cause: unknown) => {
      if (!(cause instanceof LostSignal)) {
        marks.save();
        throw cause;
      }
      marks.lose();
      throw captureError("capture/connection-lost", "the binary log does not go on where capture left it", {
        why: cause.message,
      });
    },
  );
  done.catch(() => undefined);
  return {
    done,
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    acknowledge: (position) => stream.acknowledge(position),
  };
}

const describeMariadb: SourceDescription = {
  product: "MariaDB, binary log in row format",
  sees: [
    "every committed insert, update, delete and truncate on the captured tables, with the place in the log and the time",
    'actor and purpose, where a statement begins with the comment anamnesis {"actor": "…", "purpose": "…"}',
  ],
  cannotSee: [
    "who wrote, unless the application says so: the log names no account",
    "reads",
    "what a foreign key changes in rows that refer to others (SET NULL, ON UPDATE CASCADE): nobody vouches for such a row until " +
      "it is written again; rows that it deletes (ON DELETE CASCADE) are followed where both tables are captured and have keys",
    "writes of sessions that switched the log off (sql_log_bin) or to text (binlog_format): verify finds what they changed",
    "time more exact than a second; and a session may set its own clock (SET timestamp)",
    "generated columns",
  ],
};
