/**
 * The source behind pushed changes: its log is the inbox, a position is a change's sequence times eight, and every change
 * is a transaction of its own, for Debezium does not say where one ends.
 */
import { utf8 } from "@anamnesis/core";
import type { Handles, Primitives } from "@anamnesis/crypto";
import { rulesOf } from "../digests/rule.ts";
import { captureError } from "../errors.ts";
import type { Values } from "../row-image.ts";
import type {
  Change,
  RowImage,
  Snapshot,
  Source,
  SourceDescription,
  SourceLife,
  Stream,
  StreamHandler,
  TableSchema,
} from "../source.ts";
import { mapSubjects, type SubjectConfig } from "../subjects.ts";
import type { PushedRow, RowChange } from "./envelope.ts";
import type { Inbox, InboxEvent, PushedTable } from "./inbox.ts";

export interface DebeziumSourceOptions {
  readonly inbox: Inbox;
  readonly handles: Handles;
  readonly primitives: Primitives;
  readonly subjects?: SubjectConfig;
  /** Whether the ledger has events of this row: what a sender's new snapshot shows of it vouches for nothing. */
  readonly isKnown: (table: TableSchema, key: RowImage) => boolean;
}

const STEP = 8n;
const PAGE = 500;
const TABLES_MAX = 10_000;

export function debeziumSource(options: DebeziumSourceOptions): Source {
  return new Pushed(options);
}

class Pushed implements Source {
  readonly #o: DebeziumSourceOptions;
  readonly #tables = new Map<string, TableSchema>();

  constructor(options: DebeziumSourceOptions) {
    this.#o = options;
  }

  describe(): SourceDescription {
    return {
      product: "changes pushed in Debezium's envelope",
      sees: ["what the sender sends, each change once, in the order of its row"],
      cannotSee: [
        "changes that the sender does not send: what was missed shows only when it makes a new snapshot",
        "who wrote; reads",
        "where a transaction begins and ends",
      ],
    };
  }

  async life(): Promise<SourceLife> {
    const { inbox } = this.#o;
    const { released } = inbox;
    return {
      incarnation: inbox.incarnation,
      end: positionOf(inbox.end),
      resumeAt: released === undefined ? undefined : positionOf(released),
    };
  }

  /** Tables become known with their first change; none is ever read. */
  async tables(): Promise<readonly TableSchema[]> {
    return [];
  }

  async begin(): Promise<Snapshot> {
    const { inbox } = this.#o;
    const first = inbox.read(0, 1)[0]?.sequence ?? inbox.end;
    inbox.release(first);
    return nothing(positionOf(first));
  }

  async snapshot(): Promise<Snapshot> {
    return nothing(positionOf(this.#o.inbox.end));
  }

  /** Nothing is forgotten: what waits is all there is. */
  async forget(): Promise<void> {}

  async stream(
    handler: StreamHandler,
    { signal, until }: { readonly signal: AbortSignal; readonly until?: bigint },
  ): Promise<Stream> {
    return new Delivery(this.#o.inbox, handler, (change) => this.#changes(change), signal, until);
  }

  async close(): Promise<void> {
    this.#tables.clear();
  }

  #changes(pushed: RowChange): readonly Change[] {
    const table = this.#table(pushed);
    const after = pushed.after === null ? null : image(table, pushed.after);
    const before = pushed.before === null ? null : image(table, pushed.before);
    switch (pushed.op) {
      case "create":
        return after === null ? [] : [{ kind: "create", table, after }];
      case "snapshot":
        return after === null || this.#o.isKnown(table, after) ? [] : [{ kind: "create", table, after }];
      case "update":
        return after === null ? [] : [{ kind: "update", table, before: complete(before) ? before : null, after }];
      case "delete":
        return before === null ? [] : [{ kind: "delete", table, before }];
      case "truncate":
        return [{ kind: "truncate", table }];
    }
  }

  /** The table as this change shows it: other columns are another schema. */
  #table({ table: name, key, before, after }: RowChange): TableSchema {
    const columns = [...(after ?? before ?? new Map<string, string>()).keys()];
    const identity = JSON.stringify([name, key ?? null, columns]);
    const known = this.#tables.get(identity);
    if (known !== undefined) return known;
    if (this.#tables.size >= TABLES_MAX) this.#tables.clear();
    const made = pushedTable(this.#o, { name, columns, key: key ?? [] });
    this.#tables.set(identity, made);
    return made;
  }
}

/** What the ledger's side needs to know of a pushed table. */
export function pushedTable(
  { handles, primitives, subjects = {} }: Pick<DebeziumSourceOptions, "handles" | "primitives" | "subjects">,
  { name, columns: names, key }: PushedTable,
): TableSchema {
  const columns = names.map((column) => ({ name: column, type: "debezium", modifier: -1, large: true }));
  const keyColumns = key.map((column) => names.indexOf(column)).filter((index) => index >= 0);
  const identity = keyColumns.length > 0 ? "key" : "full";
  const own = Object.hasOwn(subjects, name) ? { [name]: subjects[name] ?? [] } : {};
  const { mapping } = mapSubjects([{ name, columns: names, keyColumns, references: [] }], own);
  return {
    name,
    handle: handles.table(name),
    ...rulesOf(primitives, columns, identity),
    columns,
    keyColumns,
    subjectColumns: mapping.get(name)?.columns ?? [],
    identity,
    estimate: 0,
  };
}

/** Hands out what waits, page by page, and waits for more. */
class Delivery implements Stream {
  readonly done: Promise<void>;
  readonly #inbox: Inbox;
  readonly #handler: StreamHandler;
  readonly #changes: (change: RowChange) => readonly Change[];
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(
    inbox: Inbox,
    handler: StreamHandler,
    changes: (change: RowChange) => readonly Change[],
    signal: AbortSignal,
    until: bigint | undefined,
  ) {
    this.#inbox = inbox;
    this.#handler = handler;
    this.#changes = changes;
    inbox.onArrival(() => this.#stir());
    signal.addEventListener("abort", () => this.#stir(), { once: true });
    this.done = this.#run(signal, until).finally(() => inbox.onArrival(undefined));
    this.done.catch(() => undefined);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#stir();
  }

  acknowledge(position: bigint): void {
    if (position > 0n) this.#inbox.release(Number(position / STEP));
  }

  async #run(signal: AbortSignal, until: bigint | undefined): Promise<void> {
    let next = this.#inbox.released ?? 1;
    await Promise.resolve(); // the handler learns of its stream before anything is delivered
    while (!signal.aborted) {
      const page = this.#paused ? [] : this.#inbox.read(next, PAGE);
      for (const event of page) {
        if (this.#paused || signal.aborted || reached(positionOf(event.sequence), until)) break;
        this.#deliver(event);
        next = event.sequence + 1;
      }
      if (!this.#paused && next >= this.#inbox.end) this.#handler.idle(positionOf(next));
      if (reached(positionOf(next), until)) return;
      const more = !this.#paused && next < this.#inbox.end;
      if (more) await new Promise((resolve) => setImmediate(resolve));
      else if (!signal.aborted) await this.#rest();
    }
  }

  #deliver({ sequence, change }: InboxEvent): void {
    this.#handler.begin({ lsn: positionOf(sequence), xid: BigInt(sequence), time: change.time });
    for (const each of this.#changes(change)) this.#handler.change(each);
    this.#handler.commit(positionOf(sequence + 1));
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

const positionOf = (sequence: number): bigint => BigInt(sequence) * STEP;
const reached = (position: bigint, until: bigint | undefined): boolean => until !== undefined && position >= until;

const image = (table: TableSchema, row: PushedRow): Values =>
  table.columns.map(({ name }) => {
    const value = row.get(name);
    return typeof value === "string" ? utf8(value) : value;
  });

const complete = (row: Values | null): row is Values => row?.every((value) => value !== undefined) === true;

function nothing(position: bigint): Snapshot {
  return {
    position,
    time: 0,
    async rows() {
      throw captureError("capture/table-refused", "a sender's rows cannot be asked for");
    },
    async close() {},
  };
}
