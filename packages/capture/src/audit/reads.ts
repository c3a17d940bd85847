/**
 * Reads and actors out of the server's log, as an interlude of capture (spec/reads.md). It looks at the log when the log
 * changes, keeps what it finds in its spool, and tells it between transactions. A log that cannot be read for a while
 * stops nothing: the writes go on, and the place in the log stays.
 */
import { type FSWatcher, watch } from "node:fs";
import type { Position } from "@anamnesis/contracts";
import { codeOf } from "@anamnesis/core";
import { captureError } from "../errors.ts";
import type { Interlude, InterludeSealer } from "../interlude.ts";
import type { TableSchema } from "../source.ts";
import { type Access, AuditFeed, type AuditMode, type FeedFigures } from "./feed.ts";
import { Patience } from "./patience.ts";
import { type FilePlace, Spool, type Spooled } from "./spool.ts";
import { AuditTables } from "./tables.ts";
import { LogTail } from "./tail.ts";
import type { Who, WhoRule } from "./who.ts";
import { Windows } from "./windows.ts";

export interface ReadsOptions {
  readonly mode: AuditMode;
  /** Folder or path of the server's log in JSON form; the last part of a path may hold `*`. */
  readonly log: string;
  /** The file of the spool. */
  readonly store: string;
  /** Name of the captured database. */
  readonly database: string;
  readonly who: WhoRule;
  /** How long the same access counts as one. */
  readonly windowMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface ReadsFigures extends FeedFigures {
  /** Accesses found and not yet sealed. */
  readonly waiting: number;
  /** Time of the newest line that was read, µs since 1970. */
  readonly newest: number;
  /** Everything that the log held was read when it was looked at last. */
  readonly atEnd: boolean;
  /** Code of what keeps us from reading on; undefined when nothing does. */
  readonly problem: string | undefined;
}

const POLL_MS = 100;
/** The server writes many lines at once: they are read together. */
const GATHER_MS = 5;
const STEP_BYTES = 1024 * 1024;
/** Places that moved over nothing of interest are kept at least so often. */
const KEEP_MS = 5_000;
const EMIT_MAX = 1_000;
/** When the ledger takes nothing, the log waits where it is. */
const WAITING_MAX = 100_000;

/** @throws AnamnesisError `capture/log-unreadable`, `capture/damaged-store`. */
export function openReads(options: ReadsOptions): Reads {
  const spool = new Spool(options.store);
  try {
    return new Reads(options, spool);
  } catch (cause) {
    spool.close();
    if (codeOf(cause) !== undefined) throw cause;
    throw unreadable(cause);
  }
}

export class Reads implements Interlude {
  readonly #spool: Spool;
  readonly #feed: AuditFeed;
  readonly #tail: LogTail;
  readonly #windows: Windows;
  readonly #now: () => number;
  #tables: ReadonlyMap<string, TableSchema> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #newestId: number;
  #sealedId = 0;
  readonly #patience = new Patience();
  #held = nothingHeld();
  #keptAt = 0;
  #problem: string | undefined;

  constructor(options: ReadsOptions, spool: Spool) {
    const { mode, database, who, windowMs, now = Date.now } = options;
    this.#spool = spool;
    this.#now = now;
    this.#windows = new Windows(windowMs * 1_000, spool.windows());
    const feed = new AuditFeed({ mode, database, who, windows: this.#windows });
    this.#feed = feed;
    const handler = {
      line: (text: string) => feed.line(text),
      oversized: (head: string) => feed.oversized(head),
      lost: () => feed.mark("reads.log-lost", this.#feed.newest === 0 ? now() * 1_000 : this.#feed.newest),
    };
    const fresh = spool.isNew;
    if (fresh) feed.mark("reads.begin", now() * 1_000);
    this.#tail = new LogTail(options.log, fresh ? undefined : spool.places(), handler, now);
    spool.forget(this.#tail.gone);
    this.#newestId = spool.newest();
    this.#keep();
  }

  get figures(): ReadsFigures {
    return {
      ...this.#feed.figures,
      waiting: this.#newestId - this.#sealedId,
      newest: this.#feed.newest,
      atEnd: this.#tail.atEnd,
      problem: this.#problem,
    };
  }

  begin(known: Position, _incarnation: Uint8Array, tables: readonly TableSchema[]): void {
    this.#spool.settle(known);
    this.#sealedId = (this.#spool.after(0, 1)[0]?.id ?? this.#newestId + 1) - 1;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#feed.tables = new AuditTables(tables);
    this.#start();
    this.#look();
  }

  due(): boolean {
    return this.#newestId > this.#sealedId;
  }

  pending(): boolean {
    return this.due() || (!this.#tail.atEnd && this.#problem === undefined);
  }

  emit(sealer: InterludeSealer): void {
    const accesses = this.#spool.after(this.#sealedId, EMIT_MAX);
    const last = accesses.at(-1);
    if (last === undefined) return;
    const { lsn, ordinal } = sealer.position;
    this.#spool.sending(
      accesses.map((a) => a.id),
      { lsn, ordinal: ordinal + 1 },
    );
    for (const access of accesses) this.#seal(sealer, access);
    this.#sealedId = last.id;
  }

  final(known: Position): void {
    this.#spool.final(known);
  }

  forget(): () => boolean {
    this.#windows.clear();
    this.#held.windows.length = 0;
    this.#spool.forgetWindows();
    const newest = this.#newestId;
    return () => (this.#spool.oldest() ?? Number.MAX_SAFE_INTEGER) > newest;
  }

  /**
   * Who wrote a transaction, as far as the log tells: looks there at once, and waits at most some milliseconds for a log
   * that is late. `time` of the commit, µs since 1970.
   */
  actorOf(xid: bigint, time: number): Who | undefined {
    const known = this.#feed.actors.of(xid, time);
    if (known !== undefined || this.#tables === undefined) return known;
    const look = (): Who | undefined => {
      this.#look();
      return this.#feed.actors.of(xid, time);
    };
    return look() ?? this.#patience.wait(look, () => this.#tail.atEnd && this.#feed.newest <= time);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    this.#watcher?.close();
    this.#tail.close();
    this.#spool.close();
  }

  #seal(sealer: InterludeSealer, { table: name, extent, time, actor, purpose }: Spooled): void {
    const who = { time, actor, purpose };
    const table = name === null ? undefined : this.#tables?.get(name);
    if (table === undefined)
      sealer.read(NO_TABLE, null, { ...who, purpose: name === null ? purpose : "reads.unknown-table" });
    else if (extent.kind === "patient") sealer.readPatient(table, extent.column, extent.value, who);
    else sealer.read(table, extent.kind === "row" ? extent.key : null, who);
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), POLL_MS);
    try {
      this.#watcher = watch(this.#tail.dir, { persistent: false }, (event) => {
        if (event === "rename") this.#tail.look();
        this.#gathering ??= setTimeout(() => this.#look(), GATHER_MS);
      });
      this.#watcher.on("error", () => undefined); // the timer looks as well
    } catch {
      // Where nothing can be watched (network file systems), the timer does.
    }
  }

  /** Reads on in the log, one step; the next one follows soon when there is more. */
  #look(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#newestId - this.#sealedId > WAITING_MAX) return;
    try {
      if (this.#held.accesses.length > 0) this.#keep(); // what could not be kept comes first
      if (this.#tail.step(STEP_BYTES)) this.#gathering = setTimeout(() => this.#look(), 0);
      this.#keep();
      this.#problem = undefined;
    } catch (cause) {
      this.#problem = codeOf(cause) ?? "capture/log-unreadable";
    }
  }

  /** What was found stays held until it is kept: a full disk loses nothing. */
  #keep(): void {
    this.#held.accesses.push(...this.#feed.takeTold());
    this.#held.windows.push(...this.#windows.takeAdded());
    this.#held.places.push(...this.#tail.takeMoved());
    const { accesses, windows, places } = this.#held;
    const now = this.#now();
    if (accesses.length === 0 && (places.length === 0 || now - this.#keptAt < KEEP_MS)) return;
    this.#newestId = this.#spool.append({ accesses, windows, places, now: this.#feed.newest }) ?? this.#newestId;
    this.#held = nothingHeld();
    this.#keptAt = now;
  }
}

interface Held {
  readonly accesses: Access[];
  readonly windows: (readonly [string, number])[];
  readonly places: FilePlace[];
}

const nothingHeld = (): Held => ({ accesses: [], windows: [], places: [] });

/** Stands for the whole source. */
const NO_TABLE: TableSchema = {
  name: "",
  handle: new Uint8Array(8),
  schemaId: new Uint8Array(8),
  columns: [],
  keyColumns: [],
  subjectColumns: [],
  identity: "nothing",
  estimate: 0,
};

function unreadable(cause: unknown) {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  return captureError(
    "capture/log-unreadable",
    `the database's log cannot be read (${reason}): check the path in [source.….reads] and that this account may read it`,
    { reason },
    { cause },
  );
}
