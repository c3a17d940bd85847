/** Whether the catalog may have changed: cheap sums first, everything only when those have moved or a minute has passed. */
import { toHex, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Client } from "pg";
import type { PgTable } from "./catalog.ts";
import { insertPosition } from "./one-table.ts";

/** Moves when anything in the catalog did that tables, their columns and keys, or what is published rest on. */
export async function readSums(client: Client): Promise<string> {
  const { rows } = await client.query<{ sums: string }>(SUMS_SQL);
  return rows[0]?.sums ?? "";
}

/**
 * Every row of these catalogs that concerns us gets a new `xmin` when it changes, so their sum does not stay the same. Some
 * milliseconds for thousands of tables.
 */
const SUMS_SQL = `SELECT ${[
  ...["class", "attribute", "enum", "index", "constraint", "inherits", "publication", "publication_rel", "namespace"],
]
  .map(
    (name) => `(SELECT pg_catalog.count(*) || '/' || coalesce(pg_catalog.sum(xmin::pg_catalog.text::pg_catalog.int8), 0)
                     FROM pg_catalog.pg_${name}${name === "class" ? " WHERE relkind IN ('r', 'p')" : ""})`,
  )
  .join(" || ' ' || ")} AS sums`;

const WHOLE_MS = 60_000;

export interface Look {
  readonly text: string;
  readonly position: bigint;
}

export class Fingerprint {
  readonly #primitives: Primitives;
  #sums = "";
  #text = "";
  #at = 0;

  constructor(primitives: Primitives) {
    this.#primitives = primitives;
  }

  /** `read` tells everything that matters: the tables as they are captured, and what is published. */
  async look(
    client: Client,
    read: () => Promise<{ readonly tables: readonly PgTable[]; readonly published: ReadonlySet<string> | undefined }>,
  ): Promise<Look> {
    const position = await insertPosition(client);
    const sums = await readSums(client);
    if (sums === this.#sums && performance.now() - this.#at < WHOLE_MS) return { text: this.#text, position };
    const { tables, published } = await read();
    this.#text = toHex(this.#primitives.sha256(utf8(digestible(tables, published))));
    this.#sums = sums;
    this.#at = performance.now();
    return { text: this.#text, position };
  }
}

/** Estimates move all the time, and where the rows lie is nobody's business. */
function digestible(tables: readonly PgTable[], published: ReadonlySet<string> | undefined): string {
  const plain = tables.map((t) => [
    ...[t.name, t.id, t.identity, t.partitioned, t.columns, t.keyColumns, t.subjectColumns, t.generated, t.carriers],
    published?.has(t.name) === true,
  ]);
  return JSON.stringify([published === undefined, plain]);
}
