/** From pgoutput messages to changes: names the tables, completes the rows, reads the actor messages. */
import { invariant } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { purposeCode } from "@anamnesis/ledger";
import { rulesOf, sealsDigests } from "../digests/rule.ts";
import { captureError } from "../errors.ts";
import { type Change, type ColumnSchema, type StreamHandler, type TableSchema, UPDATE_ORDINALS } from "../source.ts";
import type { Aside } from "./aside.ts";
import type { PgTable } from "./catalog.ts";
import { widenXid } from "./lsn.ts";
import { type PgMessage, parseMessage, type Relation } from "./pgoutput.ts";
import { columnPlace, type KnownKey, keyOf, keyPlace, numbered, placeOf } from "./places.ts";
import type { Tuple } from "./tuple.ts";

const MESSAGE_BYTES_MAX = 16_384;
const NAME_MAX = 512;

export interface DecoderOptions {
  readonly tables: ReadonlyMap<string, PgTable>;
  /** Tables that may be described without being any of these. */
  readonly aside: Aside;
  readonly primitives: Primitives;
  /** Qualified type names by OID, as the catalog had them when the connection was made. */
  readonly types: ReadonlyMap<number, string>;
  /** A full transaction id read when the connection was made. */
  readonly xid: bigint;
  /** Types that were not found even after reading the catalog again: their name in the stream has to do. */
  readonly unknownTypes: Set<number>;
  /** Tables that are sent and not captured, also after reading the catalog again. */
  readonly unknownTables: Set<number>;
  /** Columns that the catalog did not have when it was read again because of them, as `columnPlace` writes them. */
  readonly unknownColumns: Set<string>;
  /** Keys that the stream described and the catalog did not, as `keyPlace` writes them. */
  readonly unknownKeys: Set<string>;
  /** Keys that tables had in any catalog read so far, by `keyPlace` without the present one. */
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** Columns that any catalog read so far called generated, in the same form: the stream may still send one that was dropped. */
  readonly generated: ReadonlySet<string>;
  /** Whether what came under its name from a table with another number is not of this table. */
  readonly isOnlyItself: (table: PgTable) => boolean;
  /** Reads the content of a logical message, which comes in the database's own encoding. */
  readonly text: (bytes: Uint8Array) => string;
}

export class Decoder {
  readonly #options: DecoderOptions;
  readonly #handler: StreamHandler;
  readonly #relations = new Map<number, Described | null>();
  readonly #sentTypes = new Map<number, string>();
  readonly #byOid: ReadonlyMap<number, PgTable>;
  #xid: bigint;
  #inside = false;

  constructor(options: DecoderOptions, handler: StreamHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#xid = options.xid;
    this.#byOid = new Map([...options.tables.values()].map((table) => [table.oid, table]));
  }

  /** Whether a transaction has begun and not yet committed. */
  get inside(): boolean {
    return this.#inside;
  }

  /** Takes one message: `data` from `at` to `end`. `onBegin` may refuse the transaction that begins (position of its commit): then false. */
  take(
    data: Buffer,
    at: number,
    end: number,
    onBegin: (lsn: bigint) => boolean,
  ): { readonly committed?: bigint } | false {
    const message = parseMessage(data, at, end);
    switch (message.tag) {
      case "begin": {
        if (!onBegin(message.lsn)) return false;
        this.#inside = true;
        const xid = widenXid(message.xid, this.#xid);
        if (xid > this.#xid) this.#xid = xid;
        this.#handler.begin({ lsn: message.lsn, xid, time: message.time });
        return NOTHING;
      }
      case "commit":
        this.#inside = false;
        this.#handler.commit(message.end);
        return { committed: message.end };
      case "relation":
        this.#relations.set(message.id, this.#resolve(message));
        return NOTHING;
      case "type":
        this.#sentTypes.set(message.id, `${message.schema}.${message.name}`);
        return NOTHING;
      case "insert":
        this.#inserted(message);
        return NOTHING;
      case "update":
        this.#updated(message);
        return NOTHING;
      case "delete":
        this.#deleted(message);
        return NOTHING;
      case "truncate":
        for (const relation of message.relations) {
          const table = this.#describedOf(relation)?.table;
          if (table !== undefined) this.#handler.change({ kind: "truncate", table });
        }
        return NOTHING;
      case "message":
        if (message.transactional && message.prefix.startsWith("anamnesis.")) this.#said(message);
        return NOTHING;
      case "origin":
        return NOTHING;
    }
  }

  #inserted({ relation, after }: Message<"insert">): void {
    const described = this.#describedOf(relation);
    if (described === null) return;
    this.#handler.change({ kind: "create", table: described.table, after: described.kept(after) });
  }

  #updated({ relation, image, before, after }: Message<"update">): void {
    const described = this.#describedOf(relation, UPDATE_ORDINALS);
    if (described === null) return;
    const { table, kept } = described;
    this.#handler.change(update(table, image, before && kept(before), kept(after)));
  }

  #deleted({ relation, image, before }: Message<"delete">): void {
    const described = this.#describedOf(relation);
    if (described === null) return;
    const { table, kept } = described;
    const row = kept(before);
    this.#handler.change({ kind: "delete", table, before: image === "full" ? row : row.only(table.keyColumns) });
  }

  /** The table of a change; null: it is none of ours, and so many places of the transaction are left to it. */
  #describedOf(relation: number, ordinals = 1): Described | null {
    const described = this.#relations.get(relation);
    if (described === undefined)
      throw captureError("capture/malformed-message", "a row of a table that was not described");
    if (described !== null) return described;
    // Detached, and published by itself: the catalog has changed after all.
    if (this.#options.aside.partitions.has(relation)) this.#mustKnow(relation);
    this.#handler.ignored?.("unknown-table", ordinals);
    return null;
  }

  /** The table with the columns that the stream really sends, which may be older or newer than the catalog's. */
  #resolve(relation: Relation): Described | null {
    const known = this.#known(relation);
    if (known === undefined) return null;
    const generated = this.#generatedOf(known, relation);
    const sent = relation.columns.filter((c) => !generated.includes(c.name));
    const kept = sent.length === relation.columns.length ? everything : without(relation, generated);
    return { table: this.#keyed(this.#described(known, sent), { id: relation.id, known }, sent), kept };
  }

  /**
   * With the key that the stream's rows come under: a table whose rows are not sent whole names it, and it may be older or newer than
   * the catalog's. A newer one is not used before the catalog was read again, for then the rows get other handles.
   */
  #keyed(
    table: TableSchema,
    { id, known }: { readonly id: number; readonly known: PgTable },
    sent: Relation["columns"],
  ): TableSchema {
    const flagged = sent.flatMap((c, i) => (c.key ? [i] : []));
    const now = table.keyColumns;
    // All of them: whole rows are sent, and the key is not told.
    if (flagged.length === 0 || flagged.length === sent.length) return table;
    if (flagged.length === now.length && flagged.every((i) => now.includes(i))) return table;
    const names = flagged.map((i) => sent[i]?.name ?? "");
    const place = keyPlace(id, names);
    const against = `${place} ${keyPlace(
      id,
      now.map((i) => table.columns[i]?.name ?? ""),
    )}`;
    if (!this.#options.unknownKeys.has(against)) {
      this.#options.unknownKeys.add(against);
      throw captureError("capture/catalog-changed", "a key changed while streaming");
    }
    const { names: ordered, keyTag } = this.#options.keys.get(place) ?? keyOf(known, names);
    const keyColumns = ordered.map((name) => table.columns.findIndex((c) => c.name === name));
    const keyed = { ...table, keyColumns, keyTag };
    this.#handler.layout?.(keyed);
    return keyed;
  }

  /**
   * By its name as of then; else, for it may have been renamed since, by its number. A table that took the name of one that
   * was renamed is only known by its number.
   */
  #known({ id, schema, name }: Relation): PgTable | undefined {
    const { tables, aside, isOnlyItself } = this.#options;
    const named = tables.get(`${schema}.${name}`);
    const isNamed = named !== undefined && (named.oid === id || !isOnlyItself(named));
    const known = isNamed ? named : this.#byOid.get(id);
    if (known === undefined && !aside.partitions.has(id) && aside.excluded.get(id) !== `${schema}.${name}`)
      this.#mustKnow(id);
    return known;
  }

  /** A table that is not known also after the catalog was read again because of it is none of ours. */
  #mustKnow(id: number): void {
    const { unknownTables } = this.#options;
    if (unknownTables.has(id)) return;
    unknownTables.add(id);
    throw captureError("capture/catalog-changed", "a table appeared while streaming");
  }

  /** The stream does not say which columns are generated; of one that is new only the catalog knows. */
  #generatedOf(known: PgTable, { id, columns }: Relation): readonly string[] {
    const { unknownColumns, generated } = this.#options;
    return columns.flatMap(({ name }) => {
      if (known.columns.some((c) => c.name === name)) return [];
      const place = columnPlace(id, name);
      if (generated.has(place)) return [name];
      if (unknownColumns.has(place)) return [];
      unknownColumns.add(place);
      throw captureError("capture/catalog-changed", "a column appeared while streaming");
    });
  }

  #described(known: PgTable, sent: Relation["columns"]): TableSchema {
    const columns: ColumnSchema[] = sent.map((c) => ({
      name: c.name,
      type: this.#typeName(c.typeId),
      modifier: c.modifier,
      large: known.columns.find((k) => k.name === c.name)?.large ?? true,
    }));
    const same =
      columns.length === known.columns.length &&
      columns.every((c, i) => {
        const k = known.columns[i];
        return k !== undefined && k.name === c.name && k.type === c.type && k.modifier === c.modifier;
      });
    if (same) return known;
    this.#mustKnowKey(known, columns);
    // The rule is the one that the table was met with, whatever its identity has become meanwhile.
    const { rules } = rulesOf(this.#options.primitives, columns, known.identity);
    const place = (index: number): number => placeOf(known, index, columns);
    const described = {
      ...known,
      columns: numbered(columns, known),
      schemaId: sealsDigests(known) ? rules.digests : rules.whole,
      rules,
      keyColumns: known.keyColumns.map(place),
      subjectColumns: known.subjectColumns.map(place).filter((i) => i >= 0),
    };
    if (described.columns !== columns && described.keyColumns.every((i) => i >= 0)) this.#handler.layout?.(described);
    return described;
  }

  /** Of another type the key's values may read otherwise, and rows get other handles: not before the catalog was read again. */
  #mustKnowKey({ oid, columns, keyColumns }: PgTable, sent: readonly ColumnSchema[]): void {
    const { unknownColumns } = this.#options;
    for (const { name, type, modifier } of keyColumns.flatMap((index) => columns[index] ?? [])) {
      const now = sent.find((c) => c.name === name);
      if (now === undefined || (now.type === type && now.modifier === modifier)) continue;
      const place = `${columnPlace(oid, name)} ${now.type} ${now.modifier}`;
      if (unknownColumns.has(place)) continue;
      unknownColumns.add(place);
      throw captureError("capture/catalog-changed", "the type of a key's column changed while streaming");
    }
  }

  /**
   * The stream names only types that are not built in, and a domain by its base: so names come from the catalog. A type
   * made after the connection is looked up by connecting again, once.
   */
  #typeName(id: number): string {
    const known = this.#options.types.get(id);
    if (known !== undefined) return known;
    if (this.#options.unknownTypes.has(id)) return this.#sentTypes.get(id) ?? `unknown.${id}`;
    this.#options.unknownTypes.add(id);
    throw captureError("capture/catalog-changed", "a data type appeared while streaming");
  }

  #said(message: { readonly prefix: string; readonly content: Uint8Array }): void {
    const text = message.content.length <= MESSAGE_BYTES_MAX ? this.#options.text(message.content) : "";
    if (message.prefix === "anamnesis.barrier") {
      this.#handler.barrier(text.slice(0, NAME_MAX));
      return;
    }
    const change =
      message.prefix === "anamnesis.actor"
        ? actorChange(text)
        : message.prefix === "anamnesis.read"
          ? this.#readChange(text)
          : undefined;
    if (change !== undefined) this.#handler.change(change);
    else this.#handler.ignored?.("malformed-message", message.prefix === "anamnesis.read" ? 1 : 0);
  }

  /** `{"table": "public.patients", "key": ["42"]}`, with an actor and purpose of its own if given. */
  #readChange(text: string): Change | undefined {
    const json = parseJson(text);
    const name = json?.["table"];
    const key = json?.["key"];
    if (typeof name !== "string") return undefined;
    const table = this.#options.tables.get(name);
    const list = Array.isArray(key) ? key.map(String) : key === undefined ? [] : [String(key)];
    if (table === undefined || list.length !== table.keyColumns.length) return undefined;
    return { kind: "read", table, key: list };
  }
}

/** A table as the stream describes it; `kept` leaves out what is no part of the row bytes. */
interface Described {
  readonly table: TableSchema;
  readonly kept: (row: Tuple) => Tuple;
}

const everything = (row: Tuple): Tuple => row;

function without(relation: Relation, generated: readonly string[]): Described["kept"] {
  const places = relation.columns.flatMap((c, i) => (generated.includes(c.name) ? [] : [i]));
  return (row) => row.select(places);
}

const NOTHING = {};

type Message<Tag extends PgMessage["tag"]> = Extract<PgMessage, { readonly tag: Tag }>;

function update(table: TableSchema, image: Message<"update">["image"], before: Tuple | null, after: Tuple): Change {
  if (before === null) return { kind: "update", table, before: null, after };
  if (image === "key") {
    // The image of the identity says NULL for every other column; what it means is "not sent".
    // The key is sent when it changed or lies apart: then it is the same where the new row leaves it out.
    for (const i of table.keyColumns) after.complete(before, i);
    return { kind: "update", table, before: before.only(table.keyColumns), after };
  }
  invariant(before.length === after.length, "both images of a row have its columns");
  for (let i = 0; i < after.length; i++) after.complete(before, i);
  return { kind: "update", table, before, after };
}

function actorChange(text: string): Change | undefined {
  const json = parseJson(text);
  if (json === undefined) return undefined;
  const actor = json["actor"];
  const purpose = json["purpose"];
  if (actor !== undefined && actor !== null && (typeof actor !== "string" || actor.length > NAME_MAX)) return undefined;
  return {
    kind: "actor",
    actor: typeof actor === "string" && actor !== "" ? actor : null,
    purpose: typeof purpose === "string" ? purposeCode(purpose) : null,
  };
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
