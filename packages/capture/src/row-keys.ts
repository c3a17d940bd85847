/** What names the rows of a table with a key: key bytes, and the handles made of them (spec/encoding.md). */
import type { Handles } from "@anamnesis/crypto";
import { RowWriter } from "./postgres/canonical.ts";
import { IDENTITY, isSent } from "./row-image.ts";
import type { RowImage, TableSchema } from "./source.ts";

export class RowKeys {
  readonly #handles: Handles;
  readonly #writer = new RowWriter();

  constructor(handles: Handles) {
    this.#handles = handles;
  }

  /** Good until the next call; null where a column of the key was not sent. */
  bytes(table: TableSchema, columns: RowImage): Uint8Array | null {
    for (const index of table.keyColumns) if (!isSent(columns, index)) return null;
    return this.#writer.key(columns, table);
  }

  handle(table: TableSchema, columns: RowImage): Uint8Array | null {
    const key = this.bytes(table, columns);
    return key && this.#handles.row(table.handle, key);
  }

  /** From the texts of the key columns, in key order. */
  handleOfTexts(table: TableSchema, texts: readonly (string | null)[]): Uint8Array {
    const key = texts.map((text) => (text === null ? null : Buffer.from(text)));
    return this.#handles.row(table.handle, this.#writer.key(key, { ...table, keyColumns: IDENTITY[key.length] ?? [] }));
  }
}
