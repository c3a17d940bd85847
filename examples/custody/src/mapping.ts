/**
 * From a laboratory's database to commands: two tables of its own, captured like any other, tell what happened to a sample.
 *
 *     samples   (barcode text PRIMARY KEY, material text, discarded text)
 *     handovers (id bigint PRIMARY KEY, barcode text, to_site text)
 *
 * A hand-over is a command that the other side must sign as well: what comes out here is a wish, not yet a transaction.
 */
import type { Change, RowImage, TableSchema } from "@anamnesis/capture";
import { concat, fromUtf8, orgId, utf8 } from "@anamnesis/core";
import type { PurePrimitives } from "@anamnesis/crypto";
import { type CustodyCommand, OUTCOMES, outcomeOf } from "./commands.ts";

export interface LaboratoryMap {
  /** Keyed handles: without the key nobody can try barcodes. 32 bytes. */
  readonly key: Uint8Array;
  /** Which organisation a site of the laboratory's table is. */
  readonly sites: Readonly<Record<string, string>>;
}

const DOMAIN = "anamnesis/custody/sample/v1\0";

/** 16 bytes: HMAC-SHA-256 of the barcode, cut. */
export const sampleHandle = (p: PurePrimitives, key: Uint8Array, barcode: string): Uint8Array =>
  p
    .hmacSha256(key)(concat(utf8(DOMAIN), utf8(barcode)))
    .slice(0, 16);

/** The command that a change of the laboratory's tables asks for; undefined for everything else. */
export function commandFor(p: PurePrimitives, map: LaboratoryMap, change: Change): CustodyCommand | undefined {
  if (change.kind === "create" && tableOf(change) === "samples") {
    const { barcode, material } = columns(change.table, change.after);
    if (barcode === undefined || material === undefined) return undefined;
    return { kind: "register", sample: sampleHandle(p, map.key, barcode), material };
  }
  if (change.kind === "create" && tableOf(change) === "handovers") {
    const { barcode, to_site: site } = columns(change.table, change.after);
    const to = map.sites[site ?? ""];
    if (barcode === undefined || to === undefined) return undefined;
    return { kind: "transfer", sample: sampleHandle(p, map.key, barcode), to: orgId(to) };
  }
  if (change.kind === "update" && tableOf(change) === "samples") {
    const { barcode, discarded } = columns(change.table, change.after);
    if (barcode === undefined || !OUTCOMES.some((each) => each === discarded)) return undefined;
    return { kind: "close", sample: sampleHandle(p, map.key, barcode), outcome: outcomeOf(discarded ?? "") };
  }
  return undefined;
}

const tableOf = ({ table }: { readonly table: TableSchema }): string => table.name.slice(table.name.indexOf(".") + 1);

/** Texts of a row by column; NULL and what was not sent are left out. */
function columns(table: TableSchema, row: RowImage): Readonly<Partial<Record<string, string>>> {
  const found: Partial<Record<string, string>> = {};
  table.columns.forEach(({ name }, i) => {
    const value = row.at(i);
    if (value instanceof Uint8Array) found[name] = fromUtf8(value);
  });
  return found;
}
