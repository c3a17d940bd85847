/**
 * Which table a name stands for. A table keeps the handle that was made from the first name it was met under, so that
 * renaming it touches no row: the ledger is told the new name (a `schema` event with the purpose `named`). A name that is
 * already known always goes on with what is known of it, whichever table bears it now: so nobody puts another table in the
 * place of one by renaming both.
 */
import { toHex } from "@anamnesis/core";
import type { Handles } from "@anamnesis/crypto";
import type { TableSchema } from "./source.ts";
import type { MetTable } from "./table-notes.ts";

/** Handles whose tables may go under other names than their first. */
export interface TableHandles extends Handles {
  /** The handle made from the name itself. */
  nameHandle(qualifiedName: string): Uint8Array;
  /** From now on `table` answers by these, by hexadecimal handle of the name; all others as they are. */
  bind(names: ReadonlyMap<string, Uint8Array>): void;
}

export function tableHandles(plain: Handles): TableHandles {
  let bound: ReadonlyMap<string, Uint8Array> = new Map();
  return {
    ...plain,
    table(name) {
      const own = plain.table(name);
      return bound.get(toHex(own)) ?? own;
    },
    nameHandle: (name) => plain.table(name),
    bind(names) {
      bound = new Map(names);
    },
  };
}

export const isTableHandles = (handles: Handles): handles is TableHandles => "bind" in handles;

/** A name that stands for a table other than the one that its handle says. */
export interface Naming {
  /** Handle of the name. */
  readonly name: Uint8Array;
  /** Handle of the table. */
  readonly table: Uint8Array;
  /** The name belonged to another table before: nothing about this one is taken for granted. */
  readonly reused: boolean;
}

export interface NamesKnown {
  /** Tables met, with their `id` where it still holds. */
  readonly met: readonly MetTable[];
  readonly bound: ReadonlyMap<string, Uint8Array>;
  /** Whether the ledger has events of a table with this handle. */
  readonly hasEvents: (handle: Uint8Array) => boolean;
}

/** What the ledger has to be told of the names of these tables, as they are now. */
export function namingsOf(tables: readonly TableSchema[], handles: TableHandles, known: NamesKnown): readonly Naming[] {
  const handleOf = (name: Uint8Array): Uint8Array => known.bound.get(toHex(name)) ?? name;
  const named = tables.map((table) => {
    const name = handles.nameHandle(table.name);
    return { table, name, claim: toHex(handleOf(name)) };
  });
  const present = new Set(tables.map((t) => t.name));
  const claims = Map.groupBy(named, ({ claim }) => claim);
  const namings: Naming[] = [];
  for (const { table, name, claim } of named) {
    const rivals = claims.get(claim) ?? [];
    const met = known.met.find((m) => toHex(m.handle) === claim);
    if (rivals.length > 1) {
      const keeps = rivals.find((r) => r.table.id === met?.id) ?? rivals[0];
      if (keeps?.table !== table) namings.push({ name, table: ownHandle(table, handles), reused: true });
      continue;
    }
    const isKnown = met !== undefined || known.hasEvents(handleOf(name));
    const before = isKnown || table.id === undefined ? undefined : known.met.find((m) => m.id === table.id);
    if (
      before === undefined ||
      (before.name !== table.name && present.has(before.name)) ||
      claims.has(toHex(before.handle))
    )
      continue;
    namings.push({ name, table: before.handle, reused: false });
  }
  return namings;
}

/** For a table whose name leads to another one. */
const ownHandle = (table: TableSchema, handles: TableHandles): Uint8Array =>
  handles.nameHandle(`${table.name}\0${table.id ?? ""}`);
