/**
 * An independent reading of the result: takes the events from the log and the rows from the database and says what does
 * not fit. Plain and slow on purpose; the tests hold capture against it, not against capture's own code paths.
 */

import {
  connect,
  copyRows,
  type KeyStore,
  ownKey,
  parseRow,
  patient,
  qualified,
  RowWriter,
  readTables,
  selectRows,
} from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { Event } from "@anamnesis/ledger";
import type { Client } from "pg";
import { sourceHandles } from "./harness.ts";

export interface Misfit {
  readonly table: string;
  readonly what: "altered" | "missing" | "unexplained" | "unvouched";
  readonly row: string;
}

/** What in the database is not as its newest event says; for a database at rest. */
export async function misfits(
  url: string,
  events: readonly Event[],
  keys: Pick<KeyStore, "find">,
): Promise<readonly Misfit[]> {
  const client = await connect({ url });
  try {
    const tables = await readTables(client, { handles: sourceHandles, primitives: native });
    const found: Misfit[] = [];
    for (const table of tables.filter((t) => t.identity !== "nothing")) {
      const own = events.filter((e) => toHex(e.table) === toHex(table.handle));
      if (own.length === 0) continue;
      found.push(
        ...(table.keyColumns.length > 0
          ? await keyed(client, table, own, keys)
          : await keyless(client, table, own, keys)),
      );
    }
    return found;
  } finally {
    await client.end();
  }
}

type Table = Awaited<ReturnType<typeof readTables>>[number];

async function keyed(client: Client, table: Table, events: readonly Event[], keys: Pick<KeyStore, "find">) {
  const newest = new Map<string, Event>();
  for (const event of events) {
    if (event.kind === "truncate") newest.clear();
    if (event.row !== null && event.kind !== "read") newest.set(toHex(event.row), event);
  }
  const found: Misfit[] = [];
  const seen = new Set<string>();
  await copyRows(client, selectRows(table), (bytes) => {
    const columns = parseRow(bytes, table.columns.length);
    const handle = sourceHandles.row(table.handle, new RowWriter().key(columns, table));
    const row = toHex(handle);
    seen.add(row);
    const event = newest.get(row);
    if (event === undefined || event.kind === "delete") found.push({ table: table.name, what: "unexplained", row });
    else if (event.commitment === null) found.push({ table: table.name, what: "unvouched", row });
    else {
      const again = sealerOf(table, columns, keys).commitment(
        table.handle,
        handle,
        event.schema ?? table.schemaId,
        event.lsn,
        event.ordinal,
        toHex(event.schema ?? new Uint8Array()) === toHex(table.rules?.digests ?? new Uint8Array())
          ? shortened(bytes, sealerOf(table, columns, keys))
          : bytes,
      );
      if (toHex(again) !== toHex(event.commitment)) found.push({ table: table.name, what: "altered", row });
    }
  });
  for (const [row, event] of newest) {
    if (event.kind !== "delete" && !seen.has(row)) found.push({ table: table.name, what: "missing", row });
  }
  return found;
}

async function keyless(client: Client, table: Table, events: readonly Event[], keys: Pick<KeyStore, "find">) {
  const copies = new Map<string, number>();
  for (const event of events) {
    if (event.kind === "truncate") copies.clear();
    if (event.row === null) continue;
    const step = event.kind === "delete" ? -1 : 1;
    copies.set(toHex(event.row), (copies.get(toHex(event.row)) ?? 0) + step);
  }
  await copyRows(client, selectRows(table), (bytes) => {
    const columns = parseRow(bytes, table.columns.length);
    const row = toHex(sealerOf(table, columns, keys).keylessRow(table.handle, bytes));
    copies.set(row, (copies.get(row) ?? 0) - 1);
  });
  return [...copies]
    .filter(([, n]) => n !== 0)
    .map(([row, n]): Misfit => ({ table: table.name, what: n > 0 ? "missing" : "unexplained", row }));
}

/** Long fields as digests, written a second time after the specification. */
function shortened(row: Uint8Array, sealer: ReturnType<typeof rowSealer>): Uint8Array {
  const fields = Buffer.from(row).toString("latin1").split("\t");
  const short = fields.map((f) => (f.length > 256 ? `\\D${toHex(sealer.fieldDigest(Buffer.from(f, "latin1")))}` : f));
  return Buffer.from(short.join("\t"), "latin1");
}

/** Ids that are not UTF-8 count byte by byte. */
function idText(value: Uint8Array): string {
  const text = Buffer.from(value).toString();
  return Buffer.from(text).equals(value) ? text : `\0${toHex(value)}`;
}

function sealerOf(table: Table, columns: readonly (Uint8Array | null)[], keys: Pick<KeyStore, "find">) {
  const subjects = table.subjectColumns.map((i) => columns[i]).filter((v) => v !== null && v !== undefined);
  const first = subjects[0];
  const key = keys.find(first === undefined ? ownKey(table) : patient(idText(first)));
  if (key === undefined || key === "erased") throw new Error(`no key for a row of ${qualified(table)}`);
  return rowSealer(native, key);
}
