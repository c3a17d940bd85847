/**
 * What capture remembers of tables beside the ledger: the layouts they had, under which one their rows were gone through
 * last, how far it has come with going through them again, and which are not through yet. A cache in one respect: losing
 * it loses the former layouts, and rows that were vouched for under those stay unvouched until a reason is given.
 */
import type { DatabaseSync } from "node:sqlite";
import { fromHex, toHex } from "@anamnesis/core";
import { type Layout, layoutOf } from "./layout.ts";
import { onDisk } from "./local-store.ts";
import type { TableSchema } from "./source.ts";

export const TABLE_NOTES_SQL = `
  CREATE TABLE IF NOT EXISTS layout (handle TEXT NOT NULL, layout TEXT NOT NULL, PRIMARY KEY (handle, layout))
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS met (handle TEXT PRIMARY KEY, name TEXT NOT NULL, life TEXT NOT NULL, id TEXT, told TEXT)
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS through (handle TEXT PRIMARY KEY, layout TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS carried (handle TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, since TEXT NOT NULL,
    PRIMARY KEY (handle, id, number)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pending (handle TEXT PRIMARY KEY, why TEXT NOT NULL, layout TEXT NOT NULL, place TEXT, since INTEGER)
    STRICT, WITHOUT ROWID;
`;

/** Why the rows of a table are being gone through: for the first time, or since its layout is another one. */
export type PendingReason = "first" | "columns" | "labels" | "key";

export interface MetTable {
  readonly handle: Uint8Array;
  readonly name: string;
  readonly id: string | undefined;
  /** What the ledger was told last: a layout, or "ended". */
  readonly told: string | undefined;
}

export interface TableNotes {
  /** Remembers the table and its layout, under the life of the source (hexadecimal) in which its `id` holds. */
  meet(table: TableSchema, life: string): void;
  /** Tables met; `id` only where it is of this life. */
  met(life: string): readonly MetTable[];
  setTold(handle: Uint8Array, told: string): void;
  /** Every layout that the table was seen with. */
  layouts(handle: Uint8Array): readonly Layout[];
  /** The layout under which all rows were gone through last. */
  through(handle: Uint8Array): Layout | undefined;
  /** All rows were gone through under this layout: nothing is pending. */
  setThrough(handle: Uint8Array, layout: Layout): void;
  /** The log has carried all columns of this layout since this position at the latest; no others are known of. */
  setCarried(handle: Uint8Array, layout: Layout, since: bigint): void;
  /** Tables whose rows have to be gone through, by hexadecimal handle. */
  pending(): ReadonlyMap<string, PendingReason>;
  /** Another reason or layout than before starts from the beginning. `since`: the next index of the log. */
  setPending(handle: Uint8Array, why: PendingReason, layout: Layout, since: number): void;
  /** Events from this index of the log on know of the layout that is pending; or of keys that came between. */
  since(handle: Uint8Array): number;
  /** Up to where the rows were gone through, in the words of the source. */
  place(handle: Uint8Array): string | undefined;
  setPlace(handle: Uint8Array, place: string): void;
}

export class SqliteTableNotes implements TableNotes {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  meet(table: TableSchema, life: string): void {
    const handle = toHex(table.handle);
    const layout = JSON.stringify(layoutOf(table));
    this.#run(
      `INSERT INTO met (handle, name, life, id) VALUES (?, ?, ?, ?)
         ON CONFLICT (handle) DO UPDATE SET name = excluded.name, life = excluded.life, id = excluded.id`,
      ...[handle, table.name, life, table.id ?? null],
    );
    this.#run("INSERT INTO layout (handle, layout) VALUES (?, ?) ON CONFLICT DO NOTHING", handle, layout);
  }

  met(life: string): readonly MetTable[] {
    const found = this.#db.prepare("SELECT handle, name, life, id, told FROM met ORDER BY name").all();
    return found.map((r) => ({
      handle: fromHex(String(r["handle"])),
      name: String(r["name"]),
      id: r["life"] === life && typeof r["id"] === "string" ? r["id"] : undefined,
      told: typeof r["told"] === "string" ? r["told"] : undefined,
    }));
  }

  setTold(handle: Uint8Array, told: string): void {
    this.#run("UPDATE met SET told = ? WHERE handle = ?", told, toHex(handle));
  }

  layouts(handle: Uint8Array): readonly Layout[] {
    const found = this.#db.prepare("SELECT layout FROM layout WHERE handle = ?").all(toHex(handle));
    const carried = this.#carried(handle);
    return found.map((r) => lacking(JSON.parse(String(r["layout"])) as Layout, carried));
  }

  through(handle: Uint8Array): Layout | undefined {
    const text = this.#db.prepare("SELECT layout FROM through WHERE handle = ?").get(toHex(handle))?.["layout"];
    return typeof text === "string" ? (JSON.parse(text) as Layout) : undefined;
  }

  setThrough(handle: Uint8Array, layout: Layout): void {
    this.#run(
      "INSERT INTO through (handle, layout) VALUES (?, ?) ON CONFLICT (handle) DO UPDATE SET layout = excluded.layout",
      ...[toHex(handle), JSON.stringify(layout)],
    );
    this.#run("DELETE FROM pending WHERE handle = ?", toHex(handle));
  }

  setCarried(handle: Uint8Array, { id, columns }: Layout, since: bigint): void {
    if (id === undefined) return;
    const numbers = columns.flatMap((c) => (c.id === undefined ? [] : [c.id]));
    const known = this.#carried(handle);
    this.#run("DELETE FROM carried WHERE handle = ?", toHex(handle));
    for (const number of numbers) {
      const before = known.find((c) => c.id === id && c.number === number)?.since;
      const values = [toHex(handle), id, number, String(before ?? since)];
      this.#run("INSERT INTO carried (handle, id, number, since) VALUES (?, ?, ?, ?)", ...values);
    }
  }

  #carried(handle: Uint8Array): readonly Carried[] {
    const found = this.#db.prepare("SELECT id, number, since FROM carried WHERE handle = ?").all(toHex(handle));
    return found.map((r) => ({
      id: String(r["id"]),
      number: Number(r["number"]),
      since: BigInt(String(r["since"])),
    }));
  }

  pending(): ReadonlyMap<string, PendingReason> {
    const found = this.#db.prepare("SELECT handle, why FROM pending").all();
    return new Map(found.map((r) => [String(r["handle"]), String(r["why"]) as PendingReason]));
  }

  setPending(handle: Uint8Array, why: PendingReason, layout: Layout, since: number): void {
    this.#run(
      `INSERT INTO pending (handle, why, layout, since) VALUES (?, ?, ?, ?) ON CONFLICT (handle)
         DO UPDATE SET place = iif(why = excluded.why AND layout = excluded.layout, place, NULL),
                       since = iif(why = excluded.why AND (why = 'key' OR layout = excluded.layout), since, excluded.since),
                       why = excluded.why, layout = excluded.layout`,
      ...[toHex(handle), why, JSON.stringify(layout), since],
    );
  }

  since(handle: Uint8Array): number {
    return Number(this.#db.prepare("SELECT since FROM pending WHERE handle = ?").get(toHex(handle))?.["since"] ?? 0);
  }

  place(handle: Uint8Array): string | undefined {
    const place = this.#db.prepare("SELECT place FROM pending WHERE handle = ?").get(toHex(handle))?.["place"];
    return typeof place === "string" ? place : undefined;
  }

  setPlace(handle: Uint8Array, place: string): void {
    this.#run("UPDATE pending SET place = ? WHERE handle = ?", place, toHex(handle));
  }

  #run(sql: string, ...values: readonly (string | number | null)[]): void {
    onDisk(() => this.#db.prepare(sql).run(...values));
  }
}

interface Carried {
  readonly id: string;
  readonly number: number;
  readonly since: bigint;
}

function lacking(layout: Layout, carried: readonly Carried[]): Layout {
  const own = new Set(layout.columns.map((c) => c.id));
  const lacks = carried.filter((c) => c.id === layout.id && !own.has(c.number));
  return lacks.length === 0 ? layout : { ...layout, lacks: new Map(lacks.map((c) => [c.number, c.since])) };
}
