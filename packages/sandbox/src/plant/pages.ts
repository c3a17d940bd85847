/**
 * The insider with a hex editor: rows changed, removed and added in the data files while the server is stopped. No log of
 * the database tells of it, and the checksums of the pages are right again.
 */
import { join } from "node:path";
import type pg from "pg";
import type { Table } from "../hospital/rows.ts";
import { Rng } from "../random.ts";
import { parsePlace, type StoredTable, storedTable } from "../storage/catalog.ts";
import { changePage, dropVisibilityMap } from "../storage/heap-file.ts";
import type { Page } from "../storage/page.ts";
import { fieldsOf, markDeleted, outOfLineId, setPlace } from "../storage/tuple.ts";
import { changeLetter, changeValue } from "../storage/value.ts";
import { closedFiles, PLANTED_ID } from "./rows.ts";
import { rawRows } from "./shape.ts";

type Deed =
  | { readonly deed: "change" | "change-long"; readonly table: Table; readonly column: string }
  | { readonly deed: "mark-deleted" | "kill" | "copy"; readonly table: Table };

const change = (table: Table, column: string): Deed => ({ deed: "change", table, column });

const DEEDS: readonly Deed[] = [
  change("observations", "value"),
  change("observations", "unit"),
  change("conditions", "severity"),
  change("conditions", "display"),
  change("medications", "dose"),
  change("medications", "name"),
  change("invoices", "amount"),
  change("invoices", "paid"),
  change("notes", "title"),
  { deed: "change-long", table: "notes", column: "body" },
  change("documents", "content"),
  change("documents", "received_at"),
  change("device_log", "reading"),
  change("care_team", "since"),
  change("bed_assignments", "ends_at"),
  change("allergies", "substance"),
  change("patients", "birth_date"),
  { deed: "mark-deleted", table: "observations" },
  { deed: "mark-deleted", table: "allergies" },
  { deed: "mark-deleted", table: "device_log" },
  { deed: "kill", table: "conditions" },
  { deed: "kill", table: "device_log" },
  { deed: "kill", table: "documents" },
  { deed: "copy", table: "conditions" },
  { deed: "copy", table: "invoices" },
  { deed: "copy", table: "device_log" },
];

/** A row to tamper with: where it lies, and how its file is made up. */
interface Target {
  readonly deed: Deed;
  readonly file: StoredTable;
  /** File of the table with the long values, and the places of this row's pieces by their value's id. */
  readonly long: StoredTable | undefined;
  readonly pieces: ReadonlyMap<number, string>;
  readonly place: string;
}

/** What to do, decided while the server runs; `carryOut` needs it stopped. */
export interface PagePlan {
  carryOut(dataDir: string): void;
}

/** Chooses `count` rows of closed files, each deed over every table in turn. */
export async function planPages(client: pg.ClientBase, seed: string | number, count: number): Promise<PagePlan> {
  const rng = new Rng(`pages/${seed}`);
  const rows = new Map<Table, (readonly [place: string, file: string])[]>();
  const files = new Map<string, StoredTable>();
  const targets: Target[] = [];
  for (let i = 0; targets.length < count; i++) {
    const deed = DEEDS[i % DEEDS.length] ?? rng.pick(DEEDS);
    const left = rows.get(deed.table) ?? rng.shuffle(await places(client, deed.table));
    rows.set(deed.table, left);
    const [place, name] = left.pop() ?? [];
    if (place === undefined || name === undefined) break;
    const file = files.get(name) ?? (await storedTable(client, name));
    files.set(name, file);
    const long = deed.deed === "change-long" && file.outOfLine ? await storedTable(client, file.outOfLine) : undefined;
    const pieces = long === undefined ? new Map<number, string>() : await firstPieces(client, file.outOfLine ?? "");
    targets.push({ deed, file, long, pieces, place });
  }
  return {
    carryOut(dataDir) {
      for (const [i, target] of targets.entries()) tamper(dataDir, target, PLANTED_ID + 1_000_000 + i);
    },
  };
}

async function places(client: pg.ClientBase, table: Table) {
  const sql = `SELECT ctid, tableoid::regclass::text FROM ${table} WHERE ${closedFiles(table)} ORDER BY tableoid, ctid`;
  return (await rawRows(client, sql)).map(([place, file]) => [place ?? "", file ?? ""] as const);
}

async function firstPieces(client: pg.ClientBase, table: string): Promise<Map<number, string>> {
  const pieces = await rawRows(client, `SELECT chunk_id, ctid FROM ${table} WHERE chunk_seq = 0`);
  return new Map(pieces.map(([id, place]) => [Number(id), place ?? ""]));
}

function tamper(dataDir: string, target: Target, freshId: number): void {
  const { deed, file } = target;
  const path = join(dataDir, file.path);
  const { block, item } = parsePlace(target.place);
  let pieceOf: number | undefined;
  changePage(path, block, (page) => {
    const tuple = page.tuple(item);
    if (tuple === undefined) return false;
    page.forgetAllVisible();
    switch (deed.deed) {
      case "change":
        return fieldsOf(tuple, file.columns).some((f) => f.column.name === deed.column && changeValue(tuple, f));
      case "change-long": {
        const field = fieldsOf(tuple, file.columns).find((f) => f.column.name === deed.column);
        if (field?.form === "out-of-line") pieceOf = outOfLineId(tuple, field);
        return false;
      }
      case "mark-deleted":
        markDeleted(tuple);
        return true;
      case "kill":
        page.kill(item);
        return true;
      case "copy":
        return addCopy(page, tuple, block, file, freshId);
    }
  });
  dropVisibilityMap(path);
  if (pieceOf !== undefined && target.long !== undefined)
    changePiece(join(dataDir, target.long.path), target.long, target.pieces.get(pieceOf));
}

/** A believable row under a new number; a table without one simply has the row once more. */
function addCopy(page: Page, tuple: Uint8Array, block: number, file: StoredTable, freshId: number): boolean {
  const copy = tuple.slice();
  const id = fieldsOf(copy, file.columns).find((f) => f.column.name === "id" && f.length === 8);
  if (id !== undefined) new DataView(copy.buffer).setBigInt64(id.at, BigInt(freshId), true);
  const item = page.add(copy);
  if (item === undefined) return false;
  const added = page.tuple(item);
  if (added !== undefined) setPlace(added, block, item);
  return true;
}

function changePiece(path: string, long: StoredTable, place: string | undefined): void {
  if (place === undefined) return;
  const { block, item } = parsePlace(place);
  changePage(path, block, (page) => {
    const tuple = page.tuple(item);
    const data = tuple && fieldsOf(tuple, long.columns).find((f) => f.column.name === "chunk_data");
    return data !== undefined && tuple !== undefined && changeLetter(tuple.subarray(data.at, data.at + data.length));
  });
}
