import type pg from "pg";
import type { Table } from "../hospital/rows.ts";
import type { Rng } from "../random.ts";
import { columnList, type Row, rawRows, rowKey, type Shape } from "./shape.ts";

/** More than any plan takes from one table; bounds the memory on a big hospital. */
const ROWS_MAX = 20_000;

/** Rows the ward never writes: those of closed files, and the staff list. */
const UNTOUCHED: Partial<Record<Table, string>> = {
  practitioners: "true",
  patients: "archived",
  care_team: "encounter_id IN (SELECT e.id FROM encounters e JOIN patients p ON p.id = e.patient_id WHERE p.archived)",
};
const BY_PATIENT = "patient_id IN (SELECT id FROM patients WHERE archived)";

/** A condition on the table's rows: those of closed files. */
export const closedFiles = (table: Table): string => UNTOUCHED[table] ?? BY_PATIENT;

/** The ids of planted rows start here: far above the identity columns, so the ward never meets them. */
export const PLANTED_ID = 900_000_000;

/** Rows of one table to tamper with, in an order that only the seed decides, each given out once. */
export class Stock {
  readonly shape: Shape;
  readonly #rows: Row[];

  private constructor(shape: Shape, rows: Row[]) {
    this.shape = shape;
    this.#rows = rows;
  }

  static async read(client: pg.ClientBase, shape: Shape, rng: Rng, skip: ReadonlySet<string>): Promise<Stock> {
    const where = closedFiles(shape.name as Table);
    const order = shape.key.length > 0 ? shape.key.join(", ") : columnList(shape);
    const limit = `ORDER BY ${order} LIMIT ${ROWS_MAX}`;
    const rows = await rawRows(client, `SELECT ${columnList(shape)} FROM ${shape.name} WHERE ${where} ${limit}`);
    const byKey = new Map(rows.map((row) => [rowKey(shape, row), row])); // equal rows count as one place
    for (const key of skip) byKey.delete(key);
    return new Stock(shape, rng.shuffle([...byKey.values()].filter((row) => !isPlanted(shape, row))));
  }

  /** The next row for which `fits`; `undefined` when there is none left. */
  take(fits: (row: Row) => boolean = () => true): Row | undefined {
    const at = this.#rows.findLastIndex(fits);
    return at < 0 ? undefined : this.#rows.splice(at, 1)[0];
  }
}

function isPlanted(shape: Shape, row: Row): boolean {
  const id = shape.columns[0]?.name === "id" ? Number(row[0]) : 0;
  return id >= PLANTED_ID;
}
