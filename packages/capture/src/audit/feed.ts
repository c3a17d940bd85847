/** Lines of the server's log in, accesses out. Keeps what must be remembered from one line to the next. */
import type { Extent } from "./access.ts";
import { TransactionActors } from "./actors.ts";
import { type LogLine, LogLines } from "./log-line.ts";
import { parseAudit } from "./pgaudit.ts";
import { isPlan, parsePlan } from "./plan.ts";
import { auditTouches, failedTouches, planTouches, type Touched } from "./statement.ts";
import { AuditTables } from "./tables.ts";
import { type Who, type WhoRule, whoIs } from "./who.ts";
import type { Windows } from "./windows.ts";

/** Which of the two writes the log. */
export type AuditMode = "pgaudit" | "auto_explain";

/** What cannot be told as an access of a table, and is told all the same. */
export type Mark =
  /** Reads are recorded from here on. */
  | "reads.begin"
  /** A part of the log is gone: reads may be missing before this. */
  | "reads.log-lost"
  /** A session's lines do not follow each other: some were taken out. */
  | "reads.lines-missing"
  /** An entry too long, or cut, so that what was read cannot be told. */
  | "reads.unreadable";

export interface Access {
  /** Microseconds since 1970. */
  readonly time: number;
  /** A captured table, or nothing for a mark. */
  readonly table: string | null;
  readonly extent: Extent;
  readonly actor: string | null;
  readonly purpose: string | null;
}

export interface FeedOptions {
  readonly mode: AuditMode;
  /** Lines of other databases are passed over. */
  readonly database: string;
  readonly who: WhoRule;
  readonly windows: Windows;
}

export interface FeedFigures {
  readonly lines: number;
  /** Not JSON, or not a line of the log. */
  readonly malformed: number;
  readonly oversized: number;
  /** Accesses before they were merged, and those that were told. */
  readonly accesses: number;
  readonly told: number;
}

/** Who tells marks that are nobody's doing. */
const CAPTURE = "anamnesis";
const SESSIONS_MAX = 10_000;
/** So much of an entry that is too long is looked at: who it was stands in front. */
const HEAD_CHARS = 8_192;

interface Session {
  number: number;
  /** The statement of pgaudit that named a view. */
  view: number;
}

export class AuditFeed {
  tables = new AuditTables();
  readonly actors = new TransactionActors();
  readonly #o: FeedOptions;
  readonly #lines = new LogLines();
  readonly #sessions = new Map<string, Session>();
  #told: Access[] = [];
  readonly #figures = { lines: 0, malformed: 0, oversized: 0, accesses: 0, told: 0 };
  #newest = 0;

  constructor(options: FeedOptions) {
    this.#o = options;
  }

  get figures(): FeedFigures {
    return this.#figures;
  }

  /** Time of the newest line, µs since 1970; 0 = none yet. */
  get newest(): number {
    return this.#newest;
  }

  /** Accesses to be told since the last call. */
  takeTold(): readonly Access[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** A complete line, without its end. */
  line(text: string): void {
    if (text === "") return;
    this.#figures.lines++;
    const line = this.#lines.parse(text);
    if (line === undefined) {
      this.#figures.malformed++;
      return;
    }
    this.#newest = Math.max(this.#newest, line.time);
    const session = this.#session(line);
    if (line.database !== this.#o.database) return;
    if (line.message.startsWith("AUDIT: ")) this.#audit(line, session);
    else if (isPlan(line.message)) this.#plan(line);
    else this.#other(line);
  }

  /** A line longer than the limit, of which only the beginning was kept. */
  oversized(head: string): void {
    this.#figures.lines++;
    this.#figures.oversized++;
    const text = head.slice(0, HEAD_CHARS);
    const field = (name: string): string => new RegExp(`"${name}":"([^"\\\\]*)"`).exec(text)?.[1] ?? "";
    if (field("dbname") === this.#o.database) this.mark("reads.unreadable", this.#newest, field("user"));
  }

  mark(mark: Mark, time: number, actor: string = CAPTURE): void {
    this.#tell(null, { kind: "table" }, time, { actor, purpose: mark });
  }

  #audit(line: LogLine, session: Session): void {
    const entry = parseAudit(line.message);
    const who = this.#who(line, entry?.sql ?? "");
    if (entry === undefined) return;
    if (entry.objectType.endsWith("VIEW")) session.view = entry.statement;
    this.#all(auditTouches(entry, this.tables, session.view === entry.statement), line, who);
  }

  #plan(line: LogLine): void {
    const plan = parsePlan(line.message);
    const who = this.#who(line, plan?.sql ?? "");
    if (plan === undefined) this.mark("reads.unreadable", line.time, who.actor);
    else this.#all(planTouches(plan, this.tables), line, who);
  }

  #other(line: LogLine): void {
    const who = this.#who(line, line.statement);
    // Class 42: the statement never ran.
    if (this.#o.mode !== "auto_explain" || line.statement === "" || !/^(?!42)[0-9A-Z]{5}$/.test(line.state)) return;
    this.#all(failedTouches(line.statement, this.tables), line, who);
  }

  #who(line: LogLine, sql: string): Who {
    const who = whoIs(this.#o.who, line.user, line.application, sql);
    this.actors.note(line, who, who.claimed);
    return who;
  }

  #all(touched: readonly Touched[], line: LogLine, who: Who): void {
    for (const { table, extents } of touched) {
      for (const extent of extents) this.#tell(table.name, extent, line.time, who);
    }
  }

  #tell(
    table: string | null,
    extent: Extent,
    time: number,
    who: { readonly actor: string | null; readonly purpose: string | null },
  ): void {
    this.#figures.accesses++;
    const { actor, purpose } = who;
    const key = JSON.stringify([actor, purpose, table, extent]);
    if (!this.#o.windows.admit(key, time)) return;
    this.#figures.told++;
    this.#told.push({ time, table, extent, actor, purpose });
  }

  /** Lines of a session are numbered: whoever takes some out of the log leaves a hole. */
  #session(line: LogLine): Session {
    const known = this.#sessions.get(line.session);
    if (known !== undefined) {
      if (line.number > known.number + 1 && line.database === this.#o.database)
        this.mark("reads.lines-missing", line.time, line.user);
      known.number = Math.max(known.number, line.number);
      return known;
    }
    if (this.#sessions.size >= SESSIONS_MAX) {
      const oldest = this.#sessions.keys().next();
      if (oldest.done !== true) this.#sessions.delete(oldest.value);
    }
    const session = { number: line.number, view: -1 };
    this.#sessions.set(line.session, session);
    return session;
  }
}
