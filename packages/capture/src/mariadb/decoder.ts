/** From events of the binary log to changes: groups them, names the tables, reads the rows, notices what is no row. */
import type { Primitives } from "@anamnesis/crypto";
import { captureError } from "../errors.ts";
import { type Change, type StreamHandler, UPDATE_ORDINALS } from "../source.ts";
import type { Cascades } from "./cascades.ts";
import type { MariaTable } from "./catalog.ts";
import { type BinlogEvent, type GroupStart, NO_TABLE, parseEvent, type RowsBody, type RowsKind } from "./events.ts";
import { GroupDigest } from "./group-digest.ts";
import { commitPosition, endPosition, severalDomains } from "./gtid.ts";
import { LoggedTables } from "./logged-tables.ts";
import { Prepared } from "./prepared.ts";
import { eachRow } from "./rows.ts";
import { readStatement, type Spoken, type Statement, spokenActor } from "./statement.ts";

export interface DecoderOptions {
  readonly tables: ReadonlyMap<string, MariaTable>;
  /** Rows of a table count after this sequence; without one, always. */
  readonly since: ReadonlyMap<string, bigint>;
  /** Character sets by collation id. */
  readonly charsets: ReadonlyMap<number, string>;
  readonly primitives: Primitives;
  readonly cascades: Cascades;
  readonly domain: number;
  /** Layouts for which the catalog was read again already: it does not have them any more. */
  readonly asked: Set<string>;
  /** Asked before a group is taken: false ends the stream there. */
  readonly wanted: (group: GroupStart) => boolean;
  /** Asked when a group is complete: the digest of its rows. */
  readonly onGroup: (group: GroupStart, digest: string) => void;
}

/** The log cannot be followed any further; what lies behind is missed and must be declared. */
export class LostSignal extends Error {}

export class Decoder {
  readonly #o: DecoderOptions;
  readonly #handler: StreamHandler;
  readonly #tables: LoggedTables;
  readonly #prepared = new Prepared();
  readonly #digest = new GroupDigest();
  #group: GroupStart | undefined;
  #begun = false;
  #spoken: Spoken | undefined;
  #last = 0n;

  constructor(options: DecoderOptions, handler: StreamHandler) {
    this.#o = options;
    this.#handler = handler;
    this.#tables = new LoggedTables(options, (table) => handler.layout?.(table));
  }

  get inside(): boolean {
    return this.#group !== undefined;
  }

  /** The oldest group that is prepared and not decided: what follows it must come again after a restart. */
  get oldestPrepared(): bigint | undefined {
    return this.#prepared.oldest;
  }

  /** Takes the event in `[at, end)`. False: the group that begins is not wanted. */
  take(buffer: Buffer, at: number, end: number): boolean {
    const event = parseEvent(buffer, at, end);
    if (event.kind === "group") return this.#begin(event.group);
    const group = this.#group;
    if (event.kind === "lost") throw new LostSignal("the server says that it lost events of its log");
    if (group === undefined) return true;
    this.#digest.add(event, buffer, at, end);
    if (group.prepared && isContent(event)) this.#prepared.keep(group, buffer.subarray(at, end));
    else this.#inGroup(group, event);
    return true;
  }

  #begin(group: GroupStart): boolean {
    if (this.#group !== undefined) throw captureError("capture/malformed-message", "a group of the log has no end");
    if (group.domain !== this.#o.domain) throw severalDomains();
    if (group.sequence <= this.#last) throw new LostSignal("the log's numbers do not rise");
    if (!this.#o.wanted(group)) return false;
    this.#last = group.sequence;
    this.#group = group;
    this.#begun = false;
    this.#spoken = undefined;
    this.#digest.begin(group);
    return true;
  }

  #inGroup(group: GroupStart, event: BinlogEvent): void {
    switch (event.kind) {
      case "statement":
        return this.#said(spokenActor(event.text));
      case "table":
        return this.#tables.learn(event.body);
      case "rows":
        return this.#rows(group, event.change, event.body);
      case "query":
        return this.#statement(group, readStatement(event.database, event.sql));
      case "commit":
        return this.#end(group);
      case "prepared":
        if (event.onePhase) this.#replay(group);
        return this.#end(group);
      default:
        return undefined;
    }
  }

  #statement(group: GroupStart, statement: Statement): void {
    switch (statement.kind) {
      case "truncate":
        this.#truncate(group, `${statement.database}.${statement.table}`);
        break;
      case "xa-commit":
        this.#replay(group);
        break;
      case "xa-rollback":
        this.#prepared.drop(group);
        break;
      case "rollback":
        // Rows went by that were taken back: it happens only with tables that know no transactions.
        if (this.#begun) throw new LostSignal("a transaction was rolled back after its rows were logged");
        return this.#end(group);
      case "commit":
        return this.#end(group);
      case "rows":
        this.#handler.ignored?.("malformed-message", 0);
        break;
      default:
        if (group.standalone) this.#handler.catalogChanged?.(endPosition(group.sequence));
    }
    if (group.standalone) this.#end(group);
  }

  #replay(group: GroupStart): void {
    for (const event of this.#prepared.take(group)) this.#inGroup(group, parseEvent(event, 0, event.length));
  }

  #said(spoken: Spoken | null | undefined): void {
    if (spoken === undefined) return;
    if (spoken === null) return this.#handler.ignored?.("malformed-message", 0);
    this.#spoken = spoken;
  }

  #rows(group: GroupStart, kind: RowsKind, body: RowsBody): void {
    if (body.tableId === NO_TABLE) return;
    const found = this.#tables.of(body.tableId);
    if (found === undefined) throw captureError("capture/malformed-message", "rows of a table that was not described");
    if (found.captured && this.#counts(found.name, group.sequence)) {
      eachRow(kind, body, found.described, (change) => this.#change(group, change, body.free));
      return;
    }
    if (found.described === undefined) return this.#ignore(group, 1);
    const places = kind === "update" ? UPDATE_ORDINALS : 1;
    eachRow(kind, body, found.described, () => this.#ignore(group, places));
  }

  #truncate(group: GroupStart, name: string): void {
    const table = this.#o.tables.get(name);
    if (table === undefined || !this.#counts(name, group.sequence)) return;
    this.#change(group, { kind: "truncate", table }, true);
  }

  #counts(name: string, sequence: bigint): boolean {
    return sequence > (this.#o.since.get(name) ?? -1n);
  }

  #change(group: GroupStart, change: Change, free: boolean): void {
    this.#ensureBegun(group);
    if (this.#spoken !== undefined) {
      this.#handler.change({ kind: "actor", ...this.#spoken });
      this.#spoken = undefined;
    }
    this.#handler.change(change);
    this.#o.cascades.follow(change, group.sequence, free, (follows) => this.#handler.change(follows));
  }

  #ignore(group: GroupStart, ordinals: number): void {
    this.#ensureBegun(group);
    this.#handler.ignored?.("unknown-table", ordinals);
  }

  #ensureBegun({ sequence, seconds }: GroupStart): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#handler.begin({ lsn: commitPosition(sequence), xid: sequence, time: seconds * 1_000_000 });
  }

  #end(group: GroupStart): void {
    this.#group = undefined;
    const end = endPosition(group.sequence);
    this.#o.onGroup(group, this.#digest.end());
    if (this.#begun) this.#handler.commit(end);
    else this.#handler.idle(end);
  }
}

const isContent = (event: BinlogEvent): boolean =>
  event.kind === "table" || event.kind === "rows" || event.kind === "statement";
