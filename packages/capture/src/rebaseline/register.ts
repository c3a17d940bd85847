/** At the start of a session: what is to be gone through, and what the ledger has to be told of the tables. */
import { toHex } from "@anamnesis/core";
import { NAMED } from "../index/apply.ts";
import { layoutChange, layoutOf } from "../layout.ts";
import type { Progress } from "../progress.ts";
import type { TableSchema } from "../source.ts";
import type { Naming } from "../table-names.ts";

/** A `schema` event (spec/capture.md), and what is noted once it is final. */
export interface Telling {
  readonly table: Uint8Array;
  readonly purpose: string | null;
  readonly schema: Uint8Array | null;
  readonly settle: () => void;
}

export interface Registration {
  readonly tables: readonly TableSchema[];
  /** Life of the source, hexadecimal. */
  readonly life: string;
  readonly namings: readonly Naming[];
  /** Whether the ledger has events of a table with this handle. */
  readonly hasEvents: (handle: Uint8Array) => boolean;
  /** The next index of the log. */
  readonly size: number;
}

/** Notes the tables and what is pending. Gives the tellings in order. */
export function register(
  progress: Progress,
  { tables, life, namings, hasEvents, size }: Registration,
): readonly Telling[] {
  const notes = progress.tables;
  const told = new Map(notes.met(life).map((m) => [toHex(m.handle), m.told]));
  const tellings: Telling[] = namings.map(({ name, table }) => ({
    ...{ table, purpose: NAMED, schema: name, settle: () => undefined },
  }));
  const reused = new Set(namings.filter((n) => n.reused).map((n) => toHex(n.table)));
  for (const table of tables) {
    notes.meet(table, life);
    const purpose = reused.has(toHex(table.handle)) ? takeAsItIs(progress, table) : pend(progress, table, size);
    const layout = JSON.stringify(layoutOf(table));
    if (purpose === undefined || told.get(toHex(table.handle)) === layout) continue;
    const settle = () => notes.setTold(table.handle, layout);
    tellings.push({ table: table.handle, purpose, schema: table.schemaId, settle });
    // Without this the name's new table would get a first baseline when the notes are lost.
    if (reused.has(toHex(table.handle)))
      tellings.push({ ...{ table: table.handle, purpose: null }, schema: table.schemaId, settle });
  }
  const present = new Set(tables.map((t) => toHex(t.handle)));
  for (const { handle, told: before } of notes.met(life)) {
    if (present.has(toHex(handle)) || before === ENDED || !hasEvents(handle)) continue;
    tellings.push({ table: handle, purpose: ENDED, schema: null, settle: () => notes.setTold(handle, ENDED) });
  }
  return tellings;
}

/** The first baseline of all was made from the snapshot in which capture began. */
export function registerFresh(progress: Progress, tables: readonly TableSchema[], life: string): void {
  for (const table of tables) {
    progress.tables.meet(table, life);
    progress.tables.setThrough(table.handle, layoutOf(table));
    progress.tables.setCarried(table.handle, layoutOf(table), 0n);
    progress.tables.setTold(table.handle, JSON.stringify(layoutOf(table)));
  }
}

/** Rows come under another key than the table has: as soon as it has its own again, they are to be gone through. */
export function rekeyed(
  progress: Progress,
  { met, known, size }: { readonly met: TableSchema; readonly known: TableSchema; readonly size: number },
): void {
  const notes = progress.tables;
  const why = notes.pending().get(toHex(known.handle));
  if (why === "first" || why === "key" || layoutChange(layoutOf(met), layoutOf(known)) !== "key") return;
  notes.setPending(known.handle, "key", layoutOf(known), size);
}

/** A table that was dropped, or cannot be captured any more. */
export const ENDED = "ended";

/** What a `schema` event has to say of the table, if anything changed; notes what is pending. */
function pend(progress: Progress, table: TableSchema, size: number): string | undefined {
  const notes = progress.tables;
  const layout = layoutOf(table);
  if (!progress.baselined().has(toHex(table.handle))) {
    notes.setPending(table.handle, "first", layout, size);
    return "new";
  }
  const through = notes.through(table.handle);
  // Rows that have got other handles stay what is to be gone through, whatever the table becomes before they were.
  const isRekeyed = notes.pending().get(toHex(table.handle)) === "key";
  const change = isRekeyed ? "key" : through === undefined ? undefined : layoutChange(through, layout);
  if (change === undefined) {
    if (JSON.stringify(through) !== JSON.stringify(layout)) notes.setThrough(table.handle, layout);
    return undefined;
  }
  notes.setPending(table.handle, change, layout, size);
  return "changed";
}

/** A name that another table had before: nothing of what this one holds is vouched for without a reason. */
function takeAsItIs(progress: Progress, table: TableSchema): string {
  progress.addBaselined([toHex(table.handle)]);
  progress.tables.setThrough(table.handle, layoutOf(table));
  return "new";
}
