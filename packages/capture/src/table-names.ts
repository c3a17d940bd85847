/**
 * Which table a name stands for. A table keeps the handle that was made from the first name it was met under, so that
 * renaming it touches no row: the ledger is told the new name (a `schema` event with the purpose `named`). A name that is
 * already known goes on with what is known of it, whichever table bears it now: so nobody puts another table in the place
 * of one by renaming both. But where a table was renamed and one that nobody knows took its name, seen in one look, neither
 * reading blesses the new one: by name, it is held to all that is known of the former; by number, the former is, and no row
 * of the new one is vouched for. Whoever looks chooses the one that a legal change leaves silent.
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
  /** Ids of renamed tables that are followed, though others have their names now (`replacementsOf`). */
  readonly followed?: ReadonlySet<string>;
}

/** A table that was renamed, and another one that nobody knows under its name. */
export interface Replacement {
  readonly former: TableSchema & { readonly id: string };
  readonly fresh: TableSchema;
  /** Handle of the former. */
  readonly handle: Uint8Array;
  /** It was followed before, though the ledger may not have been told. */
  readonly decided: boolean;
}

/** Tables whose names others have taken, both new since the last look. */
export function replacementsOf(
  tables: readonly TableSchema[],
  handles: TableHandles,
  known: NamesKnown,
): readonly Replacement[] {
  const claimOf = (table: TableSchema): string => toHex(claimed(table, handles, known));
  const claims = Map.groupBy(tables, claimOf);
  const metByHandle = new Map(known.met.map((m) => [toHex(m.handle), m]));
  const metById = new Map(known.met.map((m) => [m.id, m]));
  const byId = new Map(tables.map((t) => [t.id, t]));
  const found: Replacement[] = [];
  for (const fresh of tables) {
    const met = metByHandle.get(claimOf(fresh));
    if (met?.id === undefined || fresh.id === undefined || met.id === fresh.id) continue;
    const before = metById.get(fresh.id);
    const decided = before !== undefined && toHex(before.handle) === toHex(ownHandle(fresh, handles));
    const former = byId.get(met.id);
    if (former === undefined || (before !== undefined && !decided)) continue;
    if (claims.get(claimOf(fresh))?.length !== 1 || isKnown(claimed(former, handles, known), known)) continue;
    found.push({ former: { ...former, id: met.id }, fresh, handle: met.handle, decided });
  }
  return found;
}

const claimed = (table: TableSchema, handles: TableHandles, { bound }: NamesKnown): Uint8Array => {
  const name = handles.nameHandle(table.name);
  return bound.get(toHex(name)) ?? name;
};

const isKnown = (handle: Uint8Array, { met, hasEvents }: NamesKnown): boolean =>
  met.some((m) => toHex(m.handle) === toHex(handle)) || hasEvents(handle);

/** What the ledger has to be told of the names of these tables, as they are now. */
export function namingsOf(tables: readonly TableSchema[], handles: TableHandles, known: NamesKnown): readonly Naming[] {
  const named = tables.map((table) => {
    const handle = claimed(table, handles, known);
    return { table, name: handles.nameHandle(table.name), handle, claim: toHex(handle) };
  });
  const present = new Set(tables.map((t) => t.name));
  const claims = Map.groupBy(named, ({ claim }) => claim);
  const replaced = replacementsOf(tables, handles, known).filter(
    ({ former }) => known.followed?.has(former.id) === true,
  );
  const namings: Naming[] = replaced.flatMap(({ former, fresh, handle }) => [
    { name: handles.nameHandle(former.name), table: handle, reused: false },
    { name: handles.nameHandle(fresh.name), table: ownHandle(fresh, handles), reused: true },
  ]);
  const isReplaced = new Set(replaced.flatMap(({ former, fresh }) => [former.name, fresh.name]));
  for (const { table, name, handle, claim } of named) {
    if (isReplaced.has(table.name)) continue;
    const rivals = claims.get(claim) ?? [];
    const met = known.met.find((m) => toHex(m.handle) === claim);
    if (rivals.length > 1) {
      const keeps = rivals.find((r) => r.table.id === met?.id) ?? rivals[0];
      if (keeps?.table !== table) namings.push({ name, table: ownHandle(table, handles), reused: true });
      continue;
    }
    const isMet = met !== undefined || known.hasEvents(handle);
    const before = isMet || table.id === undefined ? undefined : known.met.find((m) => m.id === table.id);
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

/** Whether this table has a handle of its own: what came under its name from another table is not of it. */
export const hasOwnHandle = (table: TableSchema, handles: TableHandles): boolean =>
  toHex(table.handle) === toHex(ownHandle(table, handles));
