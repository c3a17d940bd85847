/**
 * Rows whose table has got another key go on under another handle. The change that shows a row under its new handle for the
 * first time carries it as it was before, and that tells which former handle it went on from, exactly: how the row was
 * vouched for there ends with it. Rows that no change shows are met when the table is gone through (`rebaseline/rekey.ts`);
 * both count what the other one did, so that each former row ends once.
 */
import { comparePositions, type Position } from "@anamnesis/contracts";
import { toHex } from "@anamnesis/core";
import type { Handles, Primitives, RowSealer } from "@anamnesis/crypto";
import { type Former, formersOf } from "../former.ts";
import { heldFormerly } from "../held.ts";
import { formerRow, type Layout } from "../layout.ts";
import { keyOfFields, splitRow } from "../postgres/canonical.ts";
import type { RowIndexReader, TableView } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import type { SubjectSealers } from "../subject-sealers.ts";
import type { PendingReason } from "../table-notes.ts";
import { RowIdentity } from "../verify/row-identity.ts";
import type { BeforeImage } from "./images.ts";

export interface SuccessionsOptions {
  readonly primitives: Primitives;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  readonly index: Pick<RowIndexReader, "find" | "view">;
  readonly pending: (table: Uint8Array) => PendingReason | undefined;
  readonly layouts: (table: Uint8Array) => readonly Layout[];
}

/** Which row a change went on from. */
export type FormerRow =
  | { readonly kind: "none" }
  /** Some former layout of the table cannot be told any more. */
  | { readonly kind: "untold" }
  /** `differs`: it is not as it was vouched for. */
  | { readonly kind: "row"; readonly row: Uint8Array; readonly differs: boolean };

/** What the passes ask: a former handle was found to have ended by a change. */
export interface SuccessionCounts {
  /** In this session, so often. */
  found(row: Uint8Array): number;
  /** Of those, so many are not in the index yet. */
  open(row: Uint8Array): number;
  /** A copy was moved to another handle by an event at this place. */
  move(row: Uint8Array, at: Position): void;
}

const EVERYTHING = { xmin: Number.MAX_SAFE_INTEGER, xmax: Number.MAX_SAFE_INTEGER, running: new Set<number>() };

export class Successions implements SuccessionCounts {
  readonly #o: SuccessionsOptions;
  readonly #found = new Map<string, number>();
  readonly #open = new Map<string, number>();
  /** Copies that were moved by events on their way. */
  readonly #moving = new Map<string, number>();
  #moves: { readonly row: Uint8Array; readonly at: Position }[] = [];
  readonly #underWay = new Map<string, boolean>();
  #tables = new Map<TableSchema, Told>();

  constructor(options: SuccessionsOptions) {
    this.#o = options;
  }

  /** Whether rows of the table are getting other handles in this session. */
  isUnderWay(table: Uint8Array): boolean {
    const key = toHex(table);
    let known = this.#underWay.get(key);
    if (known === undefined) {
      known = this.#o.pending(table) === "key";
      this.#underWay.set(key, known);
    }
    return known;
  }

  /** The index or the notes have changed since `of` was asked last. */
  refresh(): void {
    this.#tables = new Map();
  }

  /** For a change of which nothing is known under the row's handle: what its image went on from. */
  of({ table, row: bytes }: BeforeImage, handle: Uint8Array | null): FormerRow {
    const told = this.#told(table);
    if (told === undefined) return { kind: "none" };
    for (const former of told.formers) {
      for (const [row, sealer] of this.#handlesUnder(former, told, table, bytes)) {
        if (handle !== null && Buffer.from(row).equals(handle)) continue;
        const differs = this.#fits(former, told, table, bytes, row, sealer);
        if (differs !== undefined) return { kind: "row", row, differs };
      }
    }
    return { kind: told.all ? "none" : "untold" };
  }

  /** The row's handle `now`, and those that it had under former keys, where the table is getting another one. */
  *handles({ table, row: bytes }: BeforeImage, now: Uint8Array): Iterable<Uint8Array> {
    yield now;
    const told = this.#told(table);
    if (told === undefined) return;
    const isKeyed = table.keyColumns.length > 0;
    for (const former of told.formers) {
      if (former.layout.keyColumns.length > 0 !== isKeyed) continue;
      for (const [row] of this.#handlesUnder(former, told, table, bytes)) yield row;
    }
  }

  begin(row: Uint8Array): void {
    add(this.#found, row, 1);
    add(this.#open, row, 1);
  }

  move(row: Uint8Array, at: Position): void {
    add(this.#moving, row, 1);
    this.#moves.push({ row, at });
  }

  /** The index has everything up to here. */
  indexed(known: Position): void {
    let over = 0;
    for (const { row, at } of this.#moves) {
      if (comparePositions(at, known) > 0) break;
      add(this.#moving, row, -1);
      over++;
    }
    if (over > 0) this.#moves = this.#moves.slice(over);
  }

  /** What was begun is in the index. */
  end(row: Uint8Array): void {
    add(this.#open, row, -1);
  }

  found(row: Uint8Array): number {
    return this.#found.size === 0 ? 0 : (this.#found.get(toHex(row)) ?? 0);
  }

  open(row: Uint8Array): number {
    return this.#open.size === 0 ? 0 : (this.#open.get(toHex(row)) ?? 0);
  }

  /** Whether it differs; undefined: there is no such row, or no copy of it left. */
  #fits(
    former: Former,
    { view, identity }: Told,
    table: TableSchema,
    bytes: Uint8Array,
    row: Uint8Array,
    sealer: RowSealer | "erased",
  ): boolean | undefined {
    const id = this.#o.index.find(table.handle, row);
    if (id === undefined) return undefined;
    const open = this.open(row) + (this.#moving.get(toHex(row)) ?? 0);
    if (former.layout.keyColumns.length === 0) return view.copies(id) - open >= 1 ? false : undefined;
    const newest = view.newest(id);
    if (newest?.alive !== true || open > 0) return undefined;
    if (sealer === "erased") return false;
    return heldFormerly(newest, { table, handle: row, row: bytes, sealer, identity }, [former]) === "differs";
  }

  /** The handles that the row had under a former layout, with the sealers that make them. */
  #handlesUnder(
    { plan, layout }: Former,
    { identity }: Told,
    table: TableSchema,
    bytes: Uint8Array,
  ): readonly (readonly [Uint8Array, RowSealer | "erased"])[] {
    const sealed = formerRow(plan, splitRow(bytes), []);
    const own = identity.sealer(identity.fields(bytes));
    if (layout.keyColumns.length > 0) {
      return [[this.#o.handles.row(table.handle, keyOfFields(splitRow(sealed), layout)), own]];
    }
    if (own === "erased") return [];
    const found: (readonly [Uint8Array, RowSealer])[] = [[own.keylessRow(table.handle, sealed), own]];
    identity.formerly(bytes, (s) => {
      found.push([s.keylessRow(table.handle, sealed), s]);
      return false;
    });
    return found;
  }

  #told(table: TableSchema): Told | undefined {
    const known = this.#tables.get(table);
    if (known !== undefined) return known;
    const { primitives, handles, sealers, index, pending, layouts } = this.#o;
    if (pending(table.handle) !== "key") return undefined;
    const all = layouts(table.handle);
    const formers = formersOf(primitives, table, all);
    const identity = new RowIdentity(table, handles, sealers);
    const view = index.view(table.handle, EVERYTHING);
    const told = { formers, all: formers.length === all.length && formers.every((f) => f.exact), identity, view };
    this.#tables.set(table, told);
    return told;
  }
}

interface Told {
  readonly formers: readonly Former[];
  /** Whether these are all. */
  readonly all: boolean;
  readonly identity: RowIdentity;
  readonly view: TableView;
}

function add(to: Map<string, number>, row: Uint8Array, n: number): void {
  const key = toHex(row);
  const now = (to.get(key) ?? 0) + n;
  if (now === 0) to.delete(key);
  else to.set(key, now);
}
