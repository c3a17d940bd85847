/** Tables by the number that the log gives them: described once, and again only when the description changes. */
import { captureError } from "../errors.ts";
import type { TableSchema } from "../source.ts";
import type { MariaTable } from "./catalog.ts";
import { Cursor } from "./cursor.ts";
import type { DecoderOptions } from "./decoder.ts";
import { type Described, describe, describeUnknown } from "./rows.ts";
import { parseTableMap } from "./table-map.ts";

export type Logged =
  | { readonly name: string; readonly captured: true; readonly described: Described }
  /** `described` undefined = its rows cannot even be counted. */
  | { readonly name: string; readonly captured: false; readonly described: Described | undefined };

type Options = Pick<DecoderOptions, "tables" | "charsets" | "primitives" | "asked">;

const TABLES_MAX = 20_000;

export class LoggedTables {
  readonly #o: Options;
  readonly #onLayout: (table: TableSchema) => void;
  readonly #known = new Map<number, { readonly raw: Buffer; readonly logged: Logged }>();

  constructor(options: Options, onLayout: (table: TableSchema) => void) {
    this.#o = options;
    this.#onLayout = onLayout;
  }

  learn(body: Cursor): void {
    const raw = body.buffer.subarray(body.at, body.end);
    const id = raw.length < 6 ? -1 : raw.readUIntLE(0, 6);
    const known = this.#known.get(id);
    if (known?.raw.equals(raw) === true) return;
    const copy = Buffer.from(raw);
    if (this.#known.size >= TABLES_MAX) this.#known.clear();
    this.#known.set(id, { raw: copy, logged: this.#read(copy) });
  }

  of(id: number): Logged | undefined {
    return this.#known.get(id)?.logged;
  }

  #read(raw: Buffer): Logged {
    const logged = parseTableMap(new Cursor(raw));
    const { charsets, primitives, tables } = this.#o;
    const name = `${logged.database}.${logged.table}`;
    const known: MariaTable | undefined = tables.get(name);
    if (known === undefined) return { name, captured: false, described: describeUnknown(logged, charsets) };
    const described = describe(known, logged, charsets, primitives);
    if (described.table !== known) this.#lookAgain(described.table);
    return { name, captured: true, described };
  }

  /**
   * Rows come with other columns than the catalog has: told, and the catalog is read again by connecting anew, once for each
   * such layout. Only the catalog knows which columns are generated; and whoever goes through the table's rows must know of a
   * layout before its rows come. @throws AnamnesisError `capture/catalog-changed`
   */
  #lookAgain(table: TableSchema): void {
    this.#onLayout(table);
    const question = JSON.stringify([table.name, table.columns]);
    if (this.#o.asked.has(question)) return;
    this.#o.asked.add(question);
    throw captureError("capture/catalog-changed", "a table's columns changed while streaming");
  }
}
