/**
 * What follows from a change by foreign keys that act: rows that go with the one they refer to, or change with it. The
 * server does it below its log; here it becomes changes of the same transaction, behind the one that caused it.
 *
 * A row that goes is known by its key. Of a row that changes only key and reference are known, so nobody can vouch for the
 * rest of it until it is written again.
 */
import type { Bytes } from "@anamnesis/core";
import { parseRow, RowWriter } from "../postgres/canonical.ts";
import type { Values } from "../row-image.ts";
import type { Change, RowImage, TableSchema } from "../source.ts";
import type { MariaTable } from "./catalog.ts";
import type { Children } from "./children.ts";
import type { ForeignKey, Rule } from "./references.ts";

type Emit = (change: Change) => void;

export class Cascades {
  readonly #tables: ReadonlyMap<string, MariaTable>;
  readonly #children: Children;
  readonly #outgoing = new Map<string, ForeignKey[]>();
  readonly #incoming = new Map<string, ForeignKey[]>();
  readonly #writer = new RowWriter();

  constructor(tables: ReadonlyMap<string, MariaTable>, children: Children) {
    this.#tables = tables;
    this.#children = children;
    for (const key of followedKeys(tables)) {
      this.#outgoing.set(key.table, [...(this.#outgoing.get(key.table) ?? []), key]);
      this.#incoming.set(key.target, [...(this.#incoming.get(key.target) ?? []), key]);
    }
  }

  /** Notes who refers to whom, and tells what follows. `free`: the session had switched foreign keys off. */
  follow(change: Change, at: bigint, free: boolean, emit: Emit): void {
    if (change.kind === "actor" || change.kind === "read") return;
    const { name } = change.table;
    for (const key of this.#outgoing.get(name) ?? []) this.#note(key, change, at);
    if (free || change.kind === "truncate" || change.kind === "create") return;
    for (const key of this.#incoming.get(name) ?? []) this.#act(key, change, at, emit);
  }

  #note(key: ForeignKey, change: Exclude<Change, { kind: "actor" | "read" }>, at: bigint): void {
    if (change.kind === "truncate") return this.#children.clear(key.name, at);
    const [before, after] = imagesOf(change);
    const [was, is] = [this.#entry(key, change.table, before), this.#entry(key, change.table, after)];
    if (was !== undefined && is !== undefined && same(was.parent, is.parent) && same(was.key, is.key)) return;
    if (was !== undefined) this.#children.remove(key.name, was.parent, was.key, at);
    if (is !== undefined) this.#children.add(key.name, is.parent, is.key, at);
  }

  #entry(key: ForeignKey, table: TableSchema, image: RowImage | undefined) {
    if (image === undefined || table.keyColumns.length === 0) return undefined;
    const parent = this.#children.reference(valuesOf(table, image, key.columns));
    if (parent === undefined || table.keyColumns.some((i) => image.at(i) === undefined)) return undefined;
    return { parent, key: this.#writer.key(image, table).slice() };
  }

  #act(
    key: ForeignKey,
    change: Exclude<Change, { kind: "actor" | "read" | "truncate" }>,
    at: bigint,
    emit: Emit,
  ): void {
    const [before, after] = imagesOf(change);
    const child = this.#tables.get(key.table);
    if (before === undefined || child === undefined) return;
    const parent = this.#children.reference(valuesOf(change.table, before, key.targetColumns));
    if (parent === undefined) return;
    const values = after === undefined ? undefined : valuesOf(change.table, after, key.targetColumns);
    const now = values === undefined ? undefined : this.#children.reference(values);
    if (now !== undefined && same(now, parent)) return;
    const rule = after === undefined ? key.onDelete : key.onUpdate;
    if (rule === "nothing") return;
    for (const row of this.#children.of(key.name, parent)) {
      const follows = consequence(child, key, parseRow(row, child.keyColumns.length), rule, values);
      emit(follows);
      this.follow(follows, at, false, emit);
      if (follows.kind === "delete") this.#forget(key.table, row, at);
      else this.#rebind(key, row, parent, rule === "null" ? undefined : now, at);
    }
  }

  #forget(table: string, row: Uint8Array, at: bigint): void {
    for (const key of this.#outgoing.get(table) ?? []) this.#children.removeKey(key.name, row, at);
  }

  /** A row whose reference changed without a complete image. */
  #rebind(key: ForeignKey, row: Uint8Array, from: Uint8Array, to: Uint8Array | undefined, at: bigint): void {
    this.#children.remove(key.name, from, row, at);
    if (to !== undefined) this.#children.add(key.name, to, row, at);
  }
}

/** Foreign keys that can be followed: both tables are captured, and the rows that refer have a key. */
export const followedKeys = (tables: ReadonlyMap<string, MariaTable>): readonly ForeignKey[] =>
  [...tables.values()].flatMap((table) =>
    table.keyColumns.length === 0 ? [] : table.actingKeys.filter((key) => tables.has(key.target)),
  );

function consequence(
  child: MariaTable,
  key: ForeignKey,
  row: readonly (Bytes | null)[],
  rule: Exclude<Rule, "nothing">,
  values: Values | undefined,
): Change {
  const before: (Bytes | null | undefined)[] = child.columns.map(() => undefined);
  for (const [i, index] of child.keyColumns.entries()) before[index] = row[i];
  if (rule === "cascade" && values === undefined) return { kind: "delete", table: child, before };
  const after = [...before];
  for (const [i, name] of key.columns.entries())
    after[child.columns.findIndex((c) => c.name === name)] = rule === "null" ? null : values?.[i];
  return { kind: "update", table: child, before, after };
}

function imagesOf(change: Change): readonly [before: RowImage | undefined, after: RowImage | undefined] {
  switch (change.kind) {
    case "create":
      return [undefined, change.after];
    case "update":
      return [change.before ?? undefined, change.after];
    case "delete":
      return [change.before, undefined];
    default:
      return [undefined, undefined];
  }
}

const valuesOf = (table: TableSchema, image: RowImage, names: readonly string[]): Values =>
  names.map((name) => {
    const index = table.columns.findIndex((c) => c.name === name);
    return index < 0 ? undefined : image.at(index);
  });

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
